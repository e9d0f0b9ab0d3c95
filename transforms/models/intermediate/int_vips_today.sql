-- Who is a VIP at the end of the as-of date: the last day of int_vips_by_day, without all that it
-- takes to tell the past.
with

purchases as (

    select * from {{ ref('int_purchases') }}

    where
        purchase_number = {{ var('vip_purchase_count') }}
        and purchase_date <= {{ as_of_date() }}

),

revenue as (

    select * from {{ ref('int_revenue_by_customer') }}

    where
        happened_on > {{ as_of_date() }} - {{ var('vip_revenue_days') }}
        and happened_on <= {{ as_of_date() }}

),

spent as (

    select
        customer_id,
        sum(amount) as amount

    from revenue

    group by customer_id

    having sum(amount) > 0

),

-- What the last of the top share has spent: whoever has spent as much stands with him.
threshold as (

    select
        percentile_disc({{ var('vip_revenue_share') }}) within group (
            order by amount desc
        ) as least_amount

    from spent

),

vips as (

    select customer_id from purchases

    union distinct

    select spent.customer_id

    from spent

    inner join threshold
        on spent.amount >= threshold.least_amount

    -- Of no share there is no last one.
    where {{ var('vip_revenue_share') }} > 0

)

select * from vips
