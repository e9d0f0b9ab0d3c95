with

activity as (

    select * from {{ ref('customer_activity') }}

),

members as (

    select
        customer_id,
        'discount_lovers' as segment

    from activity

    where
        order_count >= {{ var('discount_lover_orders') }}
        and discounted_order_count > {{ var('discount_lover_share') }} * order_count

)

select * from members
