-- Whom something speaks against being sold to as if nothing had happened. The words are made here:
-- what people wrote themselves stays in the warehouse.
with

feedback as (

    select * from {{ ref('int_feedback_owned') }}

    where
        age_days < {{ var('unhappy_days') }}
        and not is_settled

),

returns_compared as (

    select * from {{ ref('int_returns_compared') }}

    where is_unusual

),

complaints as (

    select
        customer_id,
        occurred_date as unhappy_since,
        'complaint not settled' as reason

    from feedback

    where feedback_kind = 'complaint'

),

scores as (

    select
        customer_id,
        occurred_date as unhappy_since,
        'score ' || rtrim(rtrim(cast(score as varchar), '0'), '.') || ' of 5' as reason

    from feedback

    where score <= {{ var('unhappy_score') }}

),

faults as (

    select
        customer_id,
        occurred_date as unhappy_since,
        'returned for a fault (' || reason_label || ')' as reason

    from feedback

    where
        feedback_kind = 'return'
        and is_fault

),

unusual as (

    select
        customer_id,
        last_return_date as unhappy_since,
        'returned '
        || cast(return_count as varchar)
        || ' of '
        || cast(order_count as varchar)
        || ' orders, usual are '
        || cast(cast(round(100 * usual_return_share) as integer) as varchar)
        || ' %' as reason

    from returns_compared

),

unioned as (

    select * from complaints
    union all
    select * from scores
    union all
    select * from faults
    union all
    select * from unusual

),

reasons as (

    select
        customer_id,
        reason,
        min(unhappy_since) as unhappy_since

    from unioned

    group by
        customer_id,
        reason

),

unhappiness as (

    select
        customer_id,
        min(unhappy_since) as unhappy_since,
        string_agg(
            reason || ' since ' || cast(unhappy_since as varchar), '; '
            order by unhappy_since, reason
        ) as unhappy_reason

    from reasons

    group by customer_id

)

select * from unhappiness
