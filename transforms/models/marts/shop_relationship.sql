-- The mean time from the first purchase to being lost is the area below the curve of the others.
with

curve as (

    select * from {{ ref('survival_curves') }}

    where curve = 'lost'

),

steps as (

    select
        at_risk_count,
        event_count,
        days,
        days - coalesce(lag(days) over (order by days), 0) as days_before,
        coalesce(lag(share_left) over (order by days), 1) as share_before

    from curve

),

summed as (

    select
        coalesce(max(at_risk_count), 0) as customer_count,
        cast(coalesce(sum(event_count), 0) as bigint) as lost_count,
        max(days) as longest_days,
        cast(sum(cast(share_before * days_before as decimal(38, 12))) as double)
            as mean_relationship_days

    from steps

),

relationship as (

    select
        customer_count,
        lost_count,
        longest_days,
        mean_relationship_days,
        greatest(coalesce(mean_relationship_days / 365, 1), 1) as relationship_years,
        {{ as_of_date() }} as as_of_date

    from summed

)

select * from relationship
