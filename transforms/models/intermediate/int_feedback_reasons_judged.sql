-- What reasons mean: those of returns and complaints by one seed, those of answers by another.
with

told_reasons as (

    select distinct
        feedback_kind = 'answer' as is_of_answers,
        lower(replace(reason, '_', ' ')) as told_reason

    from {{ ref('int_feedback_unioned') }}

    where reason is not null

),

patterns as (

    select
        false as is_of_answers,
        place,
        pattern,
        is_fault,
        label

    from {{ ref('return_reasons') }}

    union all

    select
        true as is_of_answers,
        place,
        pattern,
        false as is_fault,
        label

    from {{ ref('answer_reasons') }}

),

-- A pattern that stands in a table is compiled anew for each row: once per reason is enough.
judged as (

    select
        told_reasons.is_of_answers,
        told_reasons.told_reason,
        arg_min(patterns.is_fault, patterns.place) as is_fault,
        arg_min(patterns.label, patterns.place) as reason_label

    from told_reasons

    inner join patterns
        on
            told_reasons.is_of_answers = patterns.is_of_answers
            and regexp_matches(told_reasons.told_reason, patterns.pattern)

    group by
        told_reasons.is_of_answers,
        told_reasons.told_reason

)

select * from judged
