-- Purchases are the days on which known people ordered, less what went back on the day itself where
-- something is left; nothing else.
{{ config(meta={"dagster": {"ref": {"name": "int_purchases"}}}) }}

with

purchases as (

    select coalesce(sum(revenue), 0) as revenue

    from {{ ref('int_purchases') }}

),

days as (

    select greatest(sum(total - refunded_same_day), 0) as revenue

    from {{ ref('int_orders_settled') }}

    where customer_id is not null

    group by
        customer_id,
        ordered_date

),

orders as (

    select coalesce(sum(revenue), 0) as revenue

    from days

)

select
    purchases.revenue as purchase_revenue,
    orders.revenue as order_revenue

from purchases

cross join orders

where purchases.revenue <> orders.revenue
