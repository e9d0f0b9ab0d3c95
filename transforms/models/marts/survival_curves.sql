-- Kaplan–Meier: of those at risk each day, the share to whom it did not happen, multiplied up.
with

durations as (

    select * from {{ ref('int_durations_counted') }}

),

at_risk as (

    select
        curve,
        purchase_number,
        days,
        cast(
            sum(event_count + censored_count) over (
                partition by
                    curve,
                    purchase_number
                order by days
                rows between current row and unbounded following
            ) as bigint
        ) as at_risk_count,
        event_count,
        censored_count

    from durations

),

-- Summed as decimals, so that the same counts give the same curve on any number of threads. Where
-- it has happened to everybody left, the logarithm has no value and the curve ends at 0.
summed as (

    select
        *,
        sum(
            case
                when event_count < at_risk_count
                    then cast(
                        ln((at_risk_count - event_count) / at_risk_count) as decimal(38, 18)
                    )
            end
        ) over (
            partition by
                curve,
                purchase_number
            order by days
        ) as log_share,
        sum(
            case
                when event_count < at_risk_count
                    then cast(
                        event_count / (at_risk_count * (at_risk_count - event_count))
                        as decimal(38, 18)
                    )
            end
        ) over (
            partition by
                curve,
                purchase_number
            order by days
        ) as greenwood_sum

    from at_risk

),

curves as (

    select
        curve,
        purchase_number,
        days,
        at_risk_count,
        event_count,
        censored_count,
        case
            when event_count = at_risk_count then 0
            else exp(cast(log_share as double))
        end as share_left,
        case when event_count < at_risk_count then cast(greenwood_sum as double) end
            as greenwood_sum,
        {{ as_of_date() }} as as_of_date

    from summed

)

select * from curves
