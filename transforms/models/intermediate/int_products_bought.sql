-- What baskets held. A basket is one person's purchase, or an order of which nobody is known.
with

orders as (

    select
        order_key,
        customer_id,
        ordered_date,
        is_valid

    from {{ ref('int_orders_settled') }}

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

returned as (

    select
        order_key,
        product_id,
        sum(amount) as amount

    from {{ ref('int_refunds_unioned') }}

    where
        product_id is not null
        and refunded_date <= {{ as_of_date() }}

    group by
        order_key,
        product_id

),

baskets as (

    select
        orders.order_key,
        orders.customer_id,
        orders.ordered_date as purchase_date,
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

bought as (

    select
        baskets.basket_key,
        baskets.customer_id,
        baskets.purchase_date,
        baskets.is_last,
        order_lines.product_id,
        max(order_lines.category) as category,
        sum(order_lines.quantity) as quantity,
        sum(order_lines.amount) as amount,
        bool_or(
            baskets.is_valid and coalesce(returned.amount < order_lines.amount, true)
        ) as is_kept

    from baskets

    inner join order_lines
        on baskets.order_key = order_lines.order_key

    left outer join returned
        on
            order_lines.order_key = returned.order_key
            and order_lines.product_id = returned.product_id

    group by
        baskets.basket_key,
        baskets.customer_id,
        baskets.purchase_date,
        baskets.is_last,
        order_lines.product_id

)

select * from bought
