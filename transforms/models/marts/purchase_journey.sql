with

curves as (

    select * from {{ ref('survival_curves') }}

    where curve = 'next purchase'

),

-- Those too who may have bought before the records, whom the curves leave out.
reached as (

    select
        purchase_number,
        count(*) as reached_count

    from {{ ref('int_purchases') }}

    group by purchase_number

),

-- A curve that is flat at a quarter is there, whatever the last binary digit says.
read_off as (

    select
        purchase_number,
        max(at_risk_count) as customer_count,
        cast(sum(event_count) as bigint) as went_on_count,
        cast(coalesce(sum(event_count + censored_count) filter (where days >= 365), 0) as bigint)
            as at_risk_count_365d,
        coalesce(arg_max(share_left, days) filter (where days <= 365), 1) as share_left,
        arg_max(greenwood_sum, days) filter (where days <= 365) as greenwood_sum,
        min(days) filter (where share_left <= 0.75 + 1e-9) as next_purchase_p25_days,
        min(days) filter (where share_left <= 0.5 + 1e-9) as next_purchase_median_days,
        min(days) filter (where share_left <= 0.25 + 1e-9) as next_purchase_p75_days

    from curves

    group by purchase_number

),

-- The curve says nothing of the 365th day where nobody has been watched for so long, unless all
-- have bought again before, and has no interval where it has not left 1 or has come to 0.
known as (

    select
        *,
        case
            when at_risk_count_365d > 0 or went_on_count = customer_count then 1 - share_left
        end as went_on_share_365d,
        case
            when at_risk_count_365d > 0 and share_left > 0 and share_left < 1
                then sqrt(greenwood_sum) / ln(share_left)
        end as log_log_error

    from read_off

),

with_faded as (

    select
        *,
        cast(round(customer_count * (1 - went_on_share_365d)) as bigint) as faded_count_365d,
        at_risk_count_365d >= {{ var('journey_least_at_risk') }} as is_enough

    from known

),

ranked as (

    select
        *,
        row_number() over (
            partition by is_enough
            order by faded_count_365d desc nulls last, purchase_number asc
        ) as faded_rank

    from with_faded

),

journey as (

    select
        ranked.purchase_number,
        ranked.customer_count,
        reached.reached_count - ranked.customer_count as before_records_count,
        ranked.went_on_count,
        ranked.at_risk_count_365d,
        ranked.went_on_share_365d,
        1 - power(ranked.share_left, exp(1.959964 * ranked.log_log_error))
            as went_on_share_365d_low,
        1 - power(ranked.share_left, exp(-1.959964 * ranked.log_log_error))
            as went_on_share_365d_high,
        ranked.faded_count_365d,
        ranked.is_enough and ranked.faded_rank = 1 and ranked.faded_count_365d > 0
            as is_where_most_fade,
        ranked.next_purchase_p25_days,
        ranked.next_purchase_median_days,
        ranked.next_purchase_p75_days,
        {{ as_of_date() }} as as_of_date

    from ranked

    inner join reached
        on ranked.purchase_number = reached.purchase_number

)

select * from journey
