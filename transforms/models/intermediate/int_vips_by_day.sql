-- Who was a VIP at the end of the as-of date and of the day before each month, from facts up to it.
with

months as (

    select * from {{ ref('int_months_elapsed') }}

),

purchases as (

    select * from {{ ref('int_purchases') }}

    where purchase_number = {{ var('vip_purchase_count') }}

),

revenue as not materialized (

    select * from {{ ref('int_revenue_by_customer') }}

),

days as (

    select {{ as_of_date() }} as known_on
    union distinct
    select month - 1 as known_on from months

),

numbered_days as (

    select
        known_on,
        row_number() over (order by known_on) as day_number

    from days

),

frequent as (

    select
        days.known_on,
        purchases.customer_id

    from days

    inner join purchases
        on days.known_on >= purchases.purchase_date

),

-- The first of the days on which revenue counts, and the first on which it is too long ago.
moments as (

    select
        happened.happened_on,
        min(numbered_days.day_number) as counts_from,
        min(numbered_days.day_number) filter (
            where numbered_days.known_on - {{ var('vip_revenue_days') }} >= happened.happened_on
        ) as counts_until

    from (select distinct revenue.happened_on from revenue) as happened

    inner join numbered_days
        on happened.happened_on <= numbered_days.known_on

    group by happened.happened_on

),

summed as (

    select
        revenue.customer_id,
        moments.counts_from,
        moments.counts_until,
        sum(revenue.amount) as amount

    from revenue

    inner join moments
        on revenue.happened_on = moments.happened_on

    group by
        revenue.customer_id,
        moments.counts_from,
        moments.counts_until

),

changes as (

    select
        customer_id,
        counts_from as day_number,
        amount

    from summed

    union all

    select
        customer_id,
        counts_until as day_number,
        -amount as amount

    from summed

    where counts_until is not null

),

-- Added up once and held until the next change: to add up two years anew for every month costs
-- three times as much. Changes of one day bear the same sum, and all but one hold for no day.
held as materialized (

    select
        customer_id,
        day_number as held_from,
        lead(day_number) over (
            partition by customer_id
            order by day_number
        ) as held_until,
        cast(
            sum(amount) over (
                partition by customer_id
                order by day_number
            ) as decimal(18, 4)
        ) as amount

    from changes

),

-- Spread over days twice: to keep all days of all people in between takes the most memory of all.
spent as not materialized (

    select
        customer_id,
        unnest(
            range(held_from, coalesce(held_until, (select count(*) + 1 from numbered_days)))
        ) as day_number,
        amount

    from held

    where amount > 0

),

-- What the last of the top share has spent: whoever has spent as much stands with him.
thresholds as (

    select
        day_number,
        percentile_disc({{ var('vip_revenue_share') }}) within group (
            order by amount desc
        ) as least_amount

    from spent

    group by day_number

),

vips as (

    select * from frequent

    union distinct

    select
        numbered_days.known_on,
        spent.customer_id

    from spent

    inner join thresholds
        on spent.day_number = thresholds.day_number

    inner join numbered_days
        on spent.day_number = numbered_days.day_number

    where
        spent.amount >= thresholds.least_amount
        -- Of no share there is no last one.
        and {{ var('vip_revenue_share') }} > 0

)

select * from vips
