{{ config(materialized="view") }}

select
    source,
    order_key,
    order_id,
    customer_id,
    ordered_at,
    ordered_date,
    coupon_code,
    is_discounted,
    exchange_rate,
    total,
    refunded_same_day,
    refunded,
    is_bought,
    is_valid

from {{ ref('int_orders_kept') }}

where not is_replaced
