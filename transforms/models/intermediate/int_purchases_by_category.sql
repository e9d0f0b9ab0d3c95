-- What each purchase held by category, and what the customer had spent on it up to then.
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
        purchase_date

    from {{ ref('int_purchases') }}

),

order_lines as (

    select * from {{ ref('int_order_lines_unioned') }}

    where category is not null

),

summed as (

    select
        purchases.customer_id,
        purchases.purchase_date,
        order_lines.category,
        sum(order_lines.amount) as amount

    from purchases

    inner join orders
        on
            purchases.customer_id = orders.customer_id
            and purchases.purchase_date = orders.ordered_date

    inner join order_lines
        on orders.order_key = order_lines.order_key

    group by
        purchases.customer_id,
        purchases.purchase_date,
        order_lines.category

),

with_gaps as (

    select
        customer_id,
        purchase_date,
        category,
        amount,
        date_diff(
            'day',
            lag(purchase_date) over (
                partition by
                    customer_id,
                    category
                order by purchase_date
            ),
            purchase_date
        ) as gap_days

    from summed

)

select * from with_gaps
