-- Who would enter which programme today, with what is drawn by lot for him and the dates that the
-- steps go by. Lots are hashes, so the same person always draws the same in a period.
with

candidates as (

    select * from {{ ref('programme_candidates') }}

),

programmes as (

    select * from {{ ref('programmes') }}

),

periods as (

    select * from {{ ref('programme_periods_in_force') }}

),

arms as (

    select
        programme,
        arm,
        sum(share) over (
            partition by programme
            order by arm
            rows between unbounded preceding and 1 preceding
        ) as drawn_from,
        sum(share) over (
            partition by programme
            order by arm
        ) as drawn_until

    from {{ ref('programme_arms') }}

),

churn as (

    select * from {{ ref('customer_churn') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

drawn as (

    select
        candidates.customer_id,
        candidates.programme,
        candidates.reason,
        periods.salt,
        periods.control_share,
        {{ drawn_lot(
            "'control'", 'candidates.customer_id', 'candidates.programme', 'periods.salt'
        ) }}
        < periods.control_share as is_control,
        {{ drawn_lot(
            "'arm'", 'candidates.customer_id', 'candidates.programme', 'periods.salt'
        ) }}
            as arm_lot,
        {{ drawn_lot(
            "'trial'", 'candidates.customer_id', 'candidates.programme', 'periods.salt'
        ) }}
        < {{ var('profit_trial_share') }} as is_trial

    from candidates

    inner join periods
        on candidates.programme = periods.programme

),

with_arms as (

    select
        drawn.customer_id,
        drawn.programme,
        drawn.reason,
        drawn.salt,
        drawn.control_share,
        drawn.is_control,
        drawn.is_trial,
        arms.arm,
        churn.slipping_on,
        churn.dormant_on,
        churn.long_dormant_on,
        activity.last_purchase_date,
        greatest(programmes.outcome_window_days, coalesce(activity.cycle_days, 0)) as outcome_days

    from drawn

    inner join arms
        on
            drawn.programme = arms.programme
            and drawn.arm_lot >= coalesce(arms.drawn_from, 0)
            and drawn.arm_lot < arms.drawn_until

    inner join programmes
        on drawn.programme = programmes.programme

    inner join activity
        on drawn.customer_id = activity.customer_id

    left outer join churn
        on drawn.customer_id = churn.customer_id

)

select * from with_arms
