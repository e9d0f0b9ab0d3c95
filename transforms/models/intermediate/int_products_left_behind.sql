with

left_behind as (

    select
        customer_id,
        product_id,
        max(updated_at) as left_at,
        max(updated_date) as left_date

    from {{ ref('int_carts_owned') }}

    where
        is_abandoned
        and product_id is not null

    group by
        customer_id,
        product_id

),

orders as (

    select
        order_key,
        customer_id,
        ordered_date

    from {{ ref('int_orders_settled') }}

    where customer_id is not null

),

order_lines as (

    select
        order_key,
        product_id

    from {{ ref('int_order_lines_unioned') }}

),

-- What was bought on the day it was left behind or later is not left behind any more.
bought_since as (

    select distinct
        left_behind.customer_id,
        left_behind.product_id

    from left_behind

    inner join orders
        on
            left_behind.customer_id = orders.customer_id
            and left_behind.left_date <= orders.ordered_date

    inner join order_lines
        on
            orders.order_key = order_lines.order_key
            and left_behind.product_id = order_lines.product_id

),

not_bought as (

    select
        left_behind.customer_id,
        left_behind.product_id,
        left_behind.left_at,
        left_behind.left_date

    from left_behind

    left outer join bought_since
        on
            left_behind.customer_id = bought_since.customer_id
            and left_behind.product_id = bought_since.product_id

    where bought_since.product_id is null

)

select * from not_bought
