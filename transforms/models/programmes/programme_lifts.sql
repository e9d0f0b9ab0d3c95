-- By how much a programme raises the share of those who buy, as far as is known today: what was
-- assumed, and with more and more weight what was measured on entries whose window is over.
with

outcomes as (

    select * from {{ ref('programme_outcomes') }}

    where
        is_over
        and entry_number = 1

),

programmes as (

    select * from {{ ref('programmes') }}

),

-- People are compared within the period and month of their entry: shares and seasons change.
strata as (

    select
        programme,
        salt,
        date_trunc('month', entered_on) as entry_month,
        count(*) filter (where not is_control) as treated_count,
        count(*) filter (where is_control) as control_count,
        count(*) filter (where is_buyer and not is_control) as treated_buyer_count,
        count(*) filter (where is_buyer and is_control) as control_buyer_count

    from outcomes

    group by
        programme,
        salt,
        entry_month

),

compared as (

    select
        programme,
        treated_buyer_count / treated_count - control_buyer_count / control_count as lift,
        treated_count * control_count / (treated_count + control_count) as weight

    from strata

    where
        treated_count > 0
        and control_count > 0

),

measured as (

    select
        programme,
        sum(lift * weight) / sum(weight) as measured_lift,
        -- As many as two groups of equal size would be that tell as much.
        4 * sum(weight) as measured_count

    from compared

    group by programme

),

lifts as (

    select
        programmes.programme,
        programmes.assumed_lift,
        measured.measured_lift,
        coalesce(measured.measured_count, 0) as measured_count,
        (
            programmes.assumed_lift * programmes.assumed_weight
            + coalesce(measured.measured_lift * measured.measured_count, 0)
        ) / (programmes.assumed_weight + coalesce(measured.measured_count, 0)) as lift

    from programmes

    left outer join measured
        on programmes.programme = measured.programme

)

select * from lifts
