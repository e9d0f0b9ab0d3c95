with

orders as (

    select
        customer_id,
        total as amount,
        is_valid,
        coupon_code,
        is_discounted

    from {{ ref('int_orders_settled') }}

    where
        customer_id is not null
        and total > 0

),

refunds as (

    select
        customer_id,
        -amount as amount,
        return_count

    from {{ ref('int_refunds_by_customer') }}

),

money as (

    select
        customer_id,
        amount,
        is_valid,
        coupon_code,
        is_discounted,
        0 as return_count

    from orders

    union all

    select
        customer_id,
        amount,
        false as is_valid,
        cast(null as varchar) as coupon_code,
        false as is_discounted,
        return_count

    from refunds

),

summed as (

    select
        customer_id,
        count(*) filter (where is_valid) as order_count,
        count(*) filter (where is_valid and coupon_code is not null) as coupon_order_count,
        count(*) filter (where is_valid and is_discounted) as discounted_order_count,
        cast(sum(return_count) as bigint) as return_count,
        sum(amount) as revenue

    from money

    group by customer_id

)

select * from summed
