with

answers as (

    select * from {{ ref('int_feedback_owned') }}

    where feedback_kind = 'answer'

),

last_answers as (

    select
        customer_id,
        occurred_date as last_answer_date,
        score as last_answer_score,
        reason_label as last_answer_reason_label

    from answers

    qualify row_number() over (
        partition by customer_id
        order by occurred_date desc, feedback_key desc
    ) = 1

)

select * from last_answers
