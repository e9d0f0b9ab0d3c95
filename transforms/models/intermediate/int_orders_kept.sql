-- Orders up to the as-of date as they stood on it: what was given back, and when it was all. A row
-- that another replaces stays until the next build, so that it is known whose it was.
{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        pre_hook=["{{ make_room('is_replaced') }}", "{{ set_changed_orders_aside() }}"],
    )
}}

-- depends_on: {{ ref('int_orders_changed') }}
with

orders as (

    select orders.* from {{ ref('int_orders_unioned') }} as orders

    {% if is_extending() -%}
    semi join {{ ref('int_orders_changed') }} as changed
        on orders.order_key = changed.order_key

    {% endif -%}
    where
        {{ counts_by_itself('orders') }}

),

refunds as (

    select refunds.* from {{ ref('int_refunds_unioned') }} as refunds

    {% if is_extending() -%}
    semi join {{ ref('int_orders_changed') }} as changed
        on refunds.order_key = changed.order_key

    {% endif -%}
    where
        refunds.refunded_date <= {{ as_of_date() }}
        and refunds.order_key is not null

),

refunds_by_order as (

    select
        refunds.order_key,
        -- A return of the day before the order's first minute is of the same day at the earliest.
        sum(refunds.amount) filter (
            where refunds.refunded_date <= ordered.ordered_date
        ) as refunded_same_day,
        sum(refunds.amount) as refunded

    from refunds

    -- Read anew, because whole orders would have to be kept in memory to be read twice.
    inner join {{ ref('int_orders_unioned') }} as ordered
        on refunds.order_key = ordered.order_key

    group by refunds.order_key

),

keys as (

    select * from {{ ref('int_customer_keys') }}

),

settled as (

    select
        orders.source,
        orders.order_key,
        orders.order_id,
        keys.customer_id,
        orders.ordered_at,
        orders.ordered_date,
        orders.coupon_code,
        orders.is_discounted,
        orders.exchange_rate,
        orders.total,
        -- Where several cancellations were taken for one order this is more than its total, and
        -- the rest is of the customer's other orders of that day.
        coalesce(refunds_by_order.refunded_same_day, 0) as refunded_same_day,
        coalesce(refunds_by_order.refunded, 0) as refunded,
        coalesce(
            orders.total > 0 and orders.total > coalesce(refunds_by_order.refunded_same_day, 0),
            false
        ) as is_bought,
        coalesce(
            orders.total > 0 and orders.total > coalesce(refunds_by_order.refunded, 0), false
        ) as is_valid,
        false as is_replaced,
        {{ last_built_file() if is_extending() else "cast(null as bigint)" }}
            as written_after_file_id

    from orders

    left outer join refunds_by_order
        on orders.order_key = refunds_by_order.order_key

    left outer join keys
        on orders.person_key = keys.person_key

)

select * from settled
