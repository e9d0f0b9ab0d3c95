-- Purchases are the orders of known people, less what went back on the day itself; nothing else.
{{ config(meta={"dagster": {"ref": {"name": "int_purchases"}}}) }}

with

purchases as (

    select coalesce(sum(revenue), 0) as revenue

    from {{ ref('int_purchases') }}

),

orders as (

    select coalesce(sum(total - refunded_same_day), 0) as revenue

    from {{ ref('int_orders_settled') }}

    where customer_id is not null

)

select
    purchases.revenue as purchase_revenue,
    orders.revenue as order_revenue

from purchases

cross join orders

where purchases.revenue <> orders.revenue
