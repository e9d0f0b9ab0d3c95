with

feedback as (

    select
        *,
        lower(replace(reason, '_', ' ')) as told_reason

    from {{ ref('int_feedback_unioned') }}

    where occurred_date <= {{ as_of_date() }}

),

keys as (

    select * from {{ ref('int_customer_keys') }}

),

last_purchases as (

    select
        customer_id,
        last_purchase_date

    from {{ ref('int_purchases_summed_by_customer') }}

),

patterns as (

    select * from {{ ref('return_reasons') }}

),

told_reasons as (

    select distinct told_reason

    from feedback

    where told_reason is not null

),

-- A pattern that stands in a table is compiled anew for each row: once per reason is enough.
judged_reasons as (

    select
        told_reasons.told_reason,
        arg_min(patterns.is_fault, patterns.place) as is_fault,
        arg_min(patterns.label, patterns.place) as reason_label

    from told_reasons

    inner join patterns
        on regexp_matches(told_reasons.told_reason, patterns.pattern)

    group by told_reasons.told_reason

),

owned as (

    select
        keys.customer_id,
        feedback.feedback_kind,
        feedback.feedback_key,
        feedback.order_key,
        feedback.occurred_date,
        date_diff('day', feedback.occurred_date, {{ as_of_date() }}) as age_days,
        feedback.score,
        coalesce(judged_reasons.is_fault, false) as is_fault,
        judged_reasons.reason_label,
        -- Whoever bought again has come to terms with it.
        coalesce(feedback.resolved_date <= {{ as_of_date() }}, false)
        or coalesce(last_purchases.last_purchase_date > feedback.occurred_date, false)
            as is_settled

    from feedback

    inner join keys
        on feedback.person_key = keys.person_key

    left outer join judged_reasons
        on feedback.told_reason = judged_reasons.told_reason

    left outer join last_purchases
        on keys.customer_id = last_purchases.customer_id

)

select * from owned
