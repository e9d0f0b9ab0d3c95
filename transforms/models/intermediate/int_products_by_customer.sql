-- What each customer's purchases held, product by product.
with

orders as (

    select
        order_key,
        customer_id,
        ordered_date

    from {{ ref('int_orders_settled') }}

    where customer_id is not null

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

summed as (

    select
        purchases.customer_id,
        order_lines.product_id,
        count(distinct purchases.purchase_date) as purchase_count,
        sum(order_lines.amount) as amount,
        sum(order_lines.amount) filter (where purchases.is_last) as last_purchase_amount

    from purchases

    inner join orders
        on
            purchases.customer_id = orders.customer_id
            and purchases.purchase_date = orders.ordered_date

    inner join order_lines
        on orders.order_key = order_lines.order_key

    group by
        purchases.customer_id,
        order_lines.product_id

),

favourites as (

    select
        customer_id,
        -- Most often bought, then most spent on, then by id.
        arg_min(
            product_id,
            {'times': -purchase_count, 'amount': -amount, 'product': product_id}
        ) as favourite_product_id,
        -- The dearest of the last basket.
        arg_min(
            product_id,
            {'amount': -last_purchase_amount, 'product': product_id}
        ) filter (where last_purchase_amount is not null) as last_product_id

    from summed

    group by customer_id

)

select * from favourites
