with

refunds as (

    select * from {{ ref('int_refunds_unioned') }}

    where refunded_date <= {{ as_of_date() }}

),

orders as (

    select * from {{ ref('int_orders_settled') }}

),

keys as (

    select * from {{ ref('int_customer_keys') }}

),

-- Money back for an order that never counted (a test, an order still to come) does not count.
counted as (

    select
        keys.customer_id,
        refunds.refund_id,
        refunds.refunded_date,
        refunds.amount,
        refunds.is_return

    from refunds

    inner join keys
        on refunds.person_key = keys.person_key

    left outer join orders
        on refunds.order_key = orders.order_key

    where
        refunds.order_key is null
        or orders.order_key is not null

),

summed as (

    select
        customer_id,
        refunded_date,
        sum(amount) as amount,
        count(distinct refund_id) filter (where is_return) as return_count

    from counted

    group by
        customer_id,
        refunded_date

)

select * from summed
