with

activity as (

    select * from {{ ref('customer_activity') }}

),

members as (

    select
        customer_id,
        'product_led' as segment

    from activity

    where
        is_product_led

)

select * from members
