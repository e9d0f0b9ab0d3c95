with

purchases as (

    select
        customer_id,
        purchase_date,
        gap_days

    from {{ ref('int_purchases_with_rhythm') }}

),

summed as (

    select
        customer_id,
        min(purchase_date) as first_purchase_date,
        max(purchase_date) as last_purchase_date,
        count(*) as purchase_count,
        avg(gap_days) as gap_mean_days,
        -- Both from one list of the gaps.
        quantile_cont(cast(gap_days as double), [0.5, 0.9]) as gap_quantiles

    from purchases

    group by customer_id

),

last_purchases as (

    select * from {{ ref('int_purchases_with_rhythm') }}

    where next_purchase_date is null

),

as_of_day as (

    select * from {{ ref('int_season_days') }}

    where calendar_day = {{ as_of_date() }}

),

with_rhythm as (

    select
        summed.customer_id,
        summed.first_purchase_date,
        summed.first_purchase_date
        < min(summed.first_purchase_date) over () + {{ var('before_records_days') }}
            as is_before_records,
        summed.last_purchase_date,
        summed.purchase_count,
        summed.gap_mean_days,
        summed.gap_quantiles[1] as gap_median_days,
        summed.gap_quantiles[2] as gap_p90_days,
        last_purchases.usual_gap_days,
        last_purchases.usual_gap_basis,
        last_purchases.cycle_days,
        last_purchases.own_gap_count,
        last_purchases.main_category,
        last_purchases.is_one_off,
        -- Those that the usual gap is counted in; none where nothing falls due.
        case
            when not last_purchases.is_one_off
                then coalesce(
                    as_of_day.season_day_number - last_purchases.season_day_number,
                    date_diff('day', summed.last_purchase_date, {{ as_of_date() }})
                )
        end as counted_days_since_last_purchase,
        last_purchases.dormancy_limit_days,
        last_purchases.next_purchase_expected_date,
        last_purchases.due_on,
        last_purchases.slipping_on,
        last_purchases.dormant_on,
        last_purchases.long_dormant_on,
        last_purchases.lost_on

    from summed

    inner join last_purchases
        on summed.customer_id = last_purchases.customer_id

    left outer join as_of_day
        on
            last_purchases.season_from = as_of_day.season_from
            and last_purchases.season_to = as_of_day.season_to

)

select * from with_rhythm
