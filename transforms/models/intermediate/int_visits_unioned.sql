with

files as (

    select * from {{ ref('stg_contract__visits') }}

),

unioned as (

    select
        source,
        source || ':' || visit_id as visit_key,
        account_key,
        email,
        coalesce(account_key, 'email:' || email) as person_key,
        occurred_at,
        {{ shop_date('occurred_at') }} as occurred_date,
        page_type,
        product_id

    from files

)

select * from unioned
