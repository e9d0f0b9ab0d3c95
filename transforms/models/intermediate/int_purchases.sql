-- All of one customer's orders of one day are one purchase; what was cancelled or returned that
-- same day is off, and a day on which nothing is left is none.
{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        pre_hook="{{ make_room_for_changed_customers() }}",
    )
}}

-- depends_on: {{ ref('int_customers_changed') }}
with

orders as (

    select orders.* from {{ ref('int_orders_settled') }} as orders

    {% if is_extending() -%}
    semi join {{ ref('int_customers_changed') }} as changed
        on orders.customer_id = changed.customer_id

    {% endif -%}
    where orders.customer_id is not null

),

days as (

    select
        customer_id,
        ordered_date as purchase_date,
        count(*) filter (where is_bought) as order_count,
        sum(total - refunded_same_day) as revenue

    from orders

    where total > 0

    group by
        customer_id,
        ordered_date

    having sum(total - refunded_same_day) > 0

),

numbered as (

    select
        customer_id,
        purchase_date,
        order_count,
        cast(revenue as decimal(18, 4)) as revenue,
        row_number() over (
            partition by customer_id
            order by purchase_date
        ) as purchase_number,
        lead(purchase_date) over (
            partition by customer_id
            order by purchase_date
        ) as next_purchase_date,
        first_value(purchase_date) over (
            partition by customer_id
            order by purchase_date
        ) as first_purchase_date,
        date_diff(
            'day',
            lag(purchase_date) over (
                partition by customer_id
                order by purchase_date
            ),
            purchase_date
        ) as gap_days

    from days

)

select * from numbered
