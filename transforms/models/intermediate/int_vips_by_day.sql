-- Who was a VIP at the end of the as-of date and of the day before each month, from facts up to it.
with

months as (

    select * from {{ ref('int_months_elapsed') }}

),

purchases as (

    select * from {{ ref('int_purchases') }}

    where purchase_number = {{ var('vip_purchase_count') }}

),

revenue as (

    select * from {{ ref('int_revenue_by_customer') }}

),

days as (

    select {{ as_of_date() }} as known_on
    union distinct
    select month - 1 as known_on from months

),

frequent as (

    select
        days.known_on,
        purchases.customer_id

    from days

    inner join purchases
        on days.known_on >= purchases.purchase_date

),

summed as (

    select
        days.known_on,
        revenue.customer_id,
        sum(revenue.amount) as amount

    from days

    inner join revenue
        on
            days.known_on >= revenue.happened_on
            and days.known_on - {{ var('vip_revenue_days') }} < revenue.happened_on

    group by
        days.known_on,
        revenue.customer_id

    having sum(revenue.amount) > 0

),

ranked as (

    select
        known_on,
        customer_id,
        -- Ties stand together: only those who spent strictly more count.
        rank() over (
            partition by known_on
            order by amount desc nulls last
        ) - 1 as richer_count,
        count(*) over (partition by known_on) as spender_count

    from summed

),

vips as (

    select * from frequent

    union distinct

    select
        known_on,
        customer_id

    from ranked

    where richer_count < {{ var('vip_revenue_share') }} * spender_count

)

select * from vips
