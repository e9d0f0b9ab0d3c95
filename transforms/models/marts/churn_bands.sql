-- Laney's p′ chart: the churn of earlier months, each weighed by its customers, and how much more
-- than chance it moved from one month to the next.
with

months as (

    select
        month,
        customers_at_start,
        customers_at_start - kept as churned_count

    from {{ ref('lifecycle_monthly') }}

    where customers_at_start > 0

),

spans as (

    select * from {{ ref('customer_lifecycle') }}

),

-- Before that nobody whose rhythm is not known yet could have become dormant.
started as (

    select
        min(valid_from) + least(
            greatest(3 * {{ var('default_cycle_days') }}, {{ var('dormancy_floor_days') }}),
            {{ var('dormancy_ceiling_days') }}
        ) as first_date

    from spans

),

earlier_months as (

    select
        months.month,
        months.customers_at_start,
        earlier.month as earlier_month,
        earlier.customers_at_start as earlier_customers_at_start,
        earlier.churned_count as earlier_churned_count

    from months

    inner join months as earlier
        on months.month > earlier.month

    inner join started
        on earlier.month >= started.first_date

),

averaged as (

    select
        month,
        customers_at_start,
        count(*) as earlier_month_count,
        sum(earlier_churned_count) / sum(earlier_customers_at_start) as mean_share

    from earlier_months

    group by
        month,
        customers_at_start

    having
        count(*) >= {{ var('churn_band_months') }}
        and sum(earlier_churned_count) > 0
        and sum(earlier_churned_count) < sum(earlier_customers_at_start)

),

scored as (

    select
        averaged.month,
        earlier_months.earlier_month,
        (
            earlier_months.earlier_churned_count / earlier_months.earlier_customers_at_start
            - averaged.mean_share
        )
        * sqrt(earlier_months.earlier_customers_at_start)
        / sqrt(averaged.mean_share * (1 - averaged.mean_share)) as score

    from averaged

    inner join earlier_months
        on averaged.month = earlier_months.month

),

moved as (

    select
        month,
        abs(
            score - lag(score) over (
                partition by month
                order by earlier_month asc nulls last
            )
        ) as moving_range

    from scored

),

-- The mean moving range of what chance alone moves is 1.128.
spread as (

    select
        month,
        greatest(avg(cast(moving_range as decimal(18, 9))) / 1.128, 1) as chance_multiple

    from moved

    group by month

),

widths as (

    select
        averaged.month,
        averaged.earlier_month_count,
        averaged.mean_share,
        spread.chance_multiple,
        3 * spread.chance_multiple
        * sqrt(averaged.mean_share * (1 - averaged.mean_share) / averaged.customers_at_start)
            as width

    from averaged

    inner join spread
        on averaged.month = spread.month

),

bands as (

    select
        month,
        earlier_month_count,
        100 * mean_share as mean_churn_rate,
        chance_multiple,
        100 * greatest(mean_share - width, 0) as churn_rate_low,
        100 * least(mean_share + width, 1) as churn_rate_high,
        {{ as_of_date() }} as as_of_date

    from widths

)

select * from bands
