with

files as (

    select * from {{ ref('stg_contract__carts') }}

),

unioned as (

    select
        source,
        source || ':' || cart_id as cart_key,
        account_key,
        email,
        coalesce(account_key, 'email:' || email) as person_key,
        updated_at,
        {{ shop_date('updated_at') }} as updated_date,
        product_id,
        quantity,
        unit_price,
        source || ':' || order_id as order_key

    from files

)

select * from unioned
