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

traits as (

    select * from {{ ref('int_category_traits') }}

),

season_days as (

    select * from {{ ref('int_season_days') }}

),

-- In a category with a season days out of it do not count.
counted as (

    select
        summed.customer_id,
        summed.purchase_date,
        summed.category,
        summed.amount,
        coalesce(
            season_days.season_day_number,
            date_diff('day', date '1970-01-01', summed.purchase_date)
        ) as day_number

    from summed

    left outer join traits
        on summed.category = traits.category

    left outer join season_days
        on
            traits.season_from = season_days.season_from
            and traits.season_to = season_days.season_to
            and summed.purchase_date = season_days.calendar_day

),

with_gaps as (

    select
        customer_id,
        purchase_date,
        category,
        amount,
        day_number - lag(day_number) over (
            partition by
                customer_id,
                category
            order by purchase_date
        ) as gap_days

    from counted

)

select * from with_gaps
