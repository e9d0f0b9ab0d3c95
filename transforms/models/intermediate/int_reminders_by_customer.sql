-- Who buys when reminded: after mails that a person opened or clicked, and around the birthday.
-- Somebody who opens a mail every week always buys after one, so days are held against purchases.
{% set first_day = as_of_date() ~ " - 364" %}
with

-- Days of people are ordered twice below, which takes less by number than by id. Kept, so that each
-- has one number.
buyers as materialized (

    select
        customer_id,
        row_number() over () as buyer_number,
        greatest(first_purchase_date, {{ first_day }}) as observed_from

    from {{ ref('int_purchases_summed_by_customer') }}

),

purchases as (

    select
        buyers.buyer_number,
        orders.ordered_date as purchase_date,
        min(orders.ordered_at) as purchased_at

    from {{ ref('int_orders_settled') }} as orders

    inner join buyers
        on orders.customer_id = buyers.customer_id

    where
        orders.total > 0
        and orders.ordered_date >= {{ first_day }}

    group by
        buyers.buyer_number,
        orders.ordered_date

),

recipients as (

    select
        owned.recipient_number,
        buyers.buyer_number

    from ({{ owned_recipients() }}) as owned

    inner join buyers
        on owned.customer_id = buyers.customer_id

),

mails as (

    select
        recipients.buyer_number,
        events.occurred_date as reminded_date,
        events.occurred_at as reminded_at

    from {{ ref('int_email_events_unioned') }} as events

    inner join recipients
        on events.recipient_number = recipients.recipient_number

    where
        events.event in ('opened', 'clicked')
        and events.is_human
        -- So that older events are not even read; which days count is told below.
        and events.occurred_at >= cast({{ first_day }} - {{ var('reminder_days') }} as timestamp)
        - interval 1 day

),

years as (

    select unnest(range(-1, 2)) as years_ago

),

birthdays as (

    select
        buyers.buyer_number,
        cast(
            described.birth_date
            + to_years(
                cast(
                    year({{ as_of_date() }}) - year(described.birth_date) - years.years_ago
                    as integer
                )
            )
            as date
        )
        - {{ var('reminder_days') }} // 2 as reminded_date

    from {{ ref('int_customers_described') }} as described

    inner join buyers
        on described.customer_id = buyers.customer_id

    cross join years

    where described.birth_date is not null

),

reminded as (

    select * from mails
    union all
    select
        *,
        cast(reminded_date as timestamp) as reminded_at
    from birthdays

),

days as (

    select
        reminded.buyer_number,
        reminded.reminded_date,
        min(reminded.reminded_at) as reminded_at,
        lead(reminded.reminded_date) over (
            partition by reminded.buyer_number
            order by reminded.reminded_date
        ) as next_reminded_date

    from reminded

    where
        reminded.reminded_date
        between {{ first_day }} - {{ var('reminder_days') }} and {{ as_of_date() }}

    group by
        reminded.buyer_number,
        reminded.reminded_date

),

covered as (

    select
        buyers.buyer_number,
        sum(
            greatest(
                date_diff(
                    'day',
                    greatest(days.reminded_date, buyers.observed_from),
                    least(
                        days.reminded_date + {{ var('reminder_days') }},
                        days.next_reminded_date,
                        {{ as_of_date() }} + 1
                    )
                ),
                0
            )
        ) as reminded_days

    from buyers

    inner join days
        on buyers.buyer_number = days.buyer_number

    group by buyers.buyer_number

),

followed as (

    select
        purchases.buyer_number,
        count(*) as purchase_count,
        count(*) filter (
            where
            date_diff('day', days.reminded_date, purchases.purchase_date)
            < {{ var('reminder_days') }}
        ) as reminded_purchase_count

    from purchases

    asof left join days
        on
            purchases.buyer_number = days.buyer_number
            and purchases.purchased_at >= days.reminded_at

    group by purchases.buyer_number

),

counted as (

    select
        buyers.customer_id,
        followed.purchase_count,
        followed.reminded_purchase_count,
        date_diff('day', buyers.observed_from, {{ as_of_date() }}) + 1 as observed_days,
        coalesce(covered.reminded_days, 0) as reminded_days

    from followed

    inner join buyers
        on followed.buyer_number = buyers.buyer_number

    left outer join covered
        on followed.buyer_number = covered.buyer_number

),

judged as (

    select
        *,
        reminded_purchase_count >= {{ var('reminded_purchases') }}
        and reminded_purchase_count * observed_days
        > {{ var('reminded_times') }} * reminded_days * purchase_count
            as is_buying_when_reminded

    from counted

)

select * from judged
