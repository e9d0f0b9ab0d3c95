-- What people paid and got back, each on its own day.
with

orders as (

    select
        customer_id,
        ordered_date as happened_on,
        total as amount

    from {{ ref('int_orders_settled') }}

    where
        customer_id is not null
        and total > 0

),

refunds as (

    select
        customer_id,
        refunded_date as happened_on,
        -amount as amount

    from {{ ref('int_refunds_by_customer') }}

),

money as (

    select * from orders
    union all
    select * from refunds

),

summed as (

    select
        customer_id,
        happened_on,
        sum(amount) as amount

    from money

    group by
        customer_id,
        happened_on

)

select * from summed
