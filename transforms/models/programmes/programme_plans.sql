-- What was planned for each programme that anybody has entered, and how fast people come: what the
-- day of its verdict is told from.
with

periods as (

    select * from {{ ref('programme_periods_in_force') }}

),

programmes as (

    select
        programme,
        outcome_window_days as window_days
    from {{ ref('programmes') }}

    union all

    select
        'all' as programme,
        {{ var('global_control_window_days') }} as window_days

),

outcomes as (

    select * from {{ ref('programme_outcomes') }}

    where entry_number = 1

),

costs as (

    select amount as acquisition_cost

    from {{ ref('costs') }}

    where cost = 'acquisition'

),

paces as (

    select
        programme,
        count(*) as entered_count,
        -- Of eight weeks, or of those since the first entry.
        7 * count(*) filter (where entered_on > {{ as_of_date() }} - 56)
        / least(56, date_diff('day', min(entered_on), {{ as_of_date() }}) + 1) as weekly_count,
        -- Windows are as long as the cycle where that is longer.
        max(outcome_days) as outcome_days

    from outcomes

    group by programme

),

plans as (

    select
        paces.programme,
        periods.salt,
        {{ as_of_date() }} as as_of_date,
        cast(greatest(programmes.window_days, paces.outcome_days) as bigint) as window_days,
        cast(periods.planned_count as bigint) as planned_count,
        paces.entered_count,
        cast(paces.weekly_count as double) as weekly_count,
        cast(costs.acquisition_cost as double) as acquisition_cost

    from paces

    inner join periods
        on paces.programme = periods.programme

    inner join programmes
        on paces.programme = programmes.programme

    left outer join costs
        on true

)

select * from plans
