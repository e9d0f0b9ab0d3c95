-- What came of each entry within its window: whether the person bought, and what he paid after
-- refunds. Nothing counts that was bought on the day of the entry or before.
with

enrolments as (

    select * from {{ ref('programme_enrolments') }}

),

purchases as (

    select
        customer_id,
        purchase_date

    from {{ ref('int_purchases') }}

),

revenue as (

    select * from {{ ref('int_revenue_by_customer') }}

),

bought as (

    select
        enrolments.customer_id,
        enrolments.programme,
        enrolments.entered_on,
        min(purchases.purchase_date) as bought_on,
        count(*) as purchase_count

    from enrolments

    inner join purchases
        on
            enrolments.customer_id = purchases.customer_id
            and enrolments.entered_on < purchases.purchase_date
            and enrolments.entered_on + enrolments.outcome_days >= purchases.purchase_date

    group by
        enrolments.customer_id,
        enrolments.programme,
        enrolments.entered_on

),

paid as (

    select
        enrolments.customer_id,
        enrolments.programme,
        enrolments.entered_on,
        sum(revenue.amount) as revenue

    from enrolments

    inner join revenue
        on
            enrolments.customer_id = revenue.customer_id
            and enrolments.entered_on < revenue.happened_on
            and enrolments.entered_on + enrolments.outcome_days >= revenue.happened_on

    group by
        enrolments.customer_id,
        enrolments.programme,
        enrolments.entered_on

),

outcomes as (

    select
        enrolments.customer_id,
        enrolments.programme,
        enrolments.salt,
        enrolments.entered_on,
        enrolments.entry_number,
        enrolments.arm,
        enrolments.is_control,
        enrolments.outcome_days,
        enrolments.entered_on + enrolments.outcome_days < {{ as_of_date() }} + 1 as is_over,
        bought.bought_on,
        bought.bought_on is not null as is_buyer,
        -- What was given back in the window may be of an earlier purchase; it is the same for all.
        cast(coalesce(paid.revenue, 0) as decimal(18, 2)) as revenue

    from enrolments

    left outer join bought
        on
            enrolments.customer_id = bought.customer_id
            and enrolments.programme = bought.programme
            and enrolments.entered_on = bought.entered_on

    left outer join paid
        on
            enrolments.customer_id = paid.customer_id
            and enrolments.programme = paid.programme
            and enrolments.entered_on = paid.entered_on

)

select * from outcomes
