-- What baskets held. A basket is one person's purchase, or an order of which nobody is known. What
-- was cancelled or returned on its own day was never in one.
with

orders as not materialized (

    select
        order_key,
        customer_id,
        ordered_date,
        exchange_rate,
        is_valid

    from {{ ref('int_orders_settled') }}

    where is_bought

),

purchases as (

    select
        customer_id,
        purchase_date,
        next_purchase_date is null as is_last

    from {{ ref('int_purchases') }}

),

order_lines as (

    select * from {{ ref('int_order_lines_unioned') }}

),

refunds as (

    select * from {{ ref('int_refunds_unioned') }}

    where
        product_id is not null
        and refunded_date <= {{ as_of_date() }}

),

returned as (

    select
        orders.order_key,
        refunds.product_id,
        sum(refunds.amount) as amount,
        sum(refunds.amount) filter (where refunds.refunded_date <= orders.ordered_date)
            as amount_same_day

    from orders

    inner join refunds
        on orders.order_key = refunds.order_key

    group by
        orders.order_key,
        refunds.product_id

),

baskets as (

    select
        orders.order_key,
        orders.customer_id,
        orders.ordered_date as purchase_date,
        orders.exchange_rate,
        orders.is_valid,
        coalesce(
            orders.customer_id || ' ' || cast(orders.ordered_date as varchar), orders.order_key
        ) as basket_key,
        coalesce(purchases.is_last, false) as is_last

    from orders

    left outer join purchases
        on
            orders.customer_id = purchases.customer_id
            and orders.ordered_date = purchases.purchase_date

    where
        orders.customer_id is null
        or purchases.customer_id is not null

),

-- What lines say is in the order's currency, refunds are in the shop's.
sold as (

    select
        baskets.basket_key,
        baskets.customer_id,
        baskets.purchase_date,
        baskets.is_last,
        baskets.is_valid,
        order_lines.product_id,
        order_lines.category,
        order_lines.quantity,
        cast(order_lines.amount * baskets.exchange_rate as decimal(38, 4)) as amount,
        returned.amount as amount_returned,
        returned.amount_same_day as amount_returned_same_day

    from baskets

    inner join order_lines
        on baskets.order_key = order_lines.order_key

    left outer join returned
        on
            order_lines.order_key = returned.order_key
            and order_lines.product_id = returned.product_id

),

bought as (

    select
        basket_key,
        customer_id,
        purchase_date,
        is_last,
        product_id,
        max(category) as category,
        sum(quantity) as quantity,
        sum(amount - coalesce(amount_returned_same_day, 0)) as amount,
        bool_or(is_valid and coalesce(amount_returned < amount, true)) as is_kept

    from sold

    where coalesce(amount_returned_same_day < amount, true)

    group by
        basket_key,
        customer_id,
        purchase_date,
        is_last,
        product_id

)

select * from bought
