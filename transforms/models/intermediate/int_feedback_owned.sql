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

judged_reasons as (

    select * from {{ ref('int_feedback_reasons_judged') }}

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
        on
            feedback.told_reason = judged_reasons.told_reason
            and (feedback.feedback_kind = 'answer') = judged_reasons.is_of_answers

    left outer join last_purchases
        on keys.customer_id = last_purchases.customer_id

)

select * from owned
