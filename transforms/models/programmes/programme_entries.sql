-- Who enters a programme today, controls among them. Whoever passes the gates of a programme for
-- the first time in a period of the global control is told off for it or not; its members enter
-- nothing.
with

answers as (

    select * from {{ ref('programme_answers') }}

    where
        is_entry
        and gate is null

),

drawn as (

    select * from {{ ref('programme_candidates_drawn') }}

),

enrolments as (

    select * from {{ ref('programme_enrolments') }}

    where programme = 'all'

),

period as (

    select * from {{ ref('programme_periods_in_force') }}

    where programme = 'all'

),

profits as (

    select * from {{ ref('programme_profits') }}

),

caps as (

    select * from {{ ref('programme_revenue_caps') }}

),

churn as (

    select * from {{ ref('customer_churn') }}

),

told_off as (

    select
        answers.customer_id,
        enrolments.customer_id is null as is_new,
        period.salt,
        period.control_share,
        coalesce(
            enrolments.is_control,
            {{ drawn_lot("'control'", 'answers.customer_id', "'all'", 'period.salt') }}
            < period.control_share
        ) as is_global_control

    from answers

    cross join period

    left outer join enrolments
        on
            answers.customer_id = enrolments.customer_id
            and period.salt = enrolments.salt

),

in_programmes as (

    select
        answers.customer_id,
        answers.programme,
        answers.arm,
        answers.is_control,
        drawn.salt,
        told_off.is_global_control,
        true as is_new,
        json_object(
            'reason', answers.reason,
            'lifecycle', churn.lifecycle,
            'last_purchase_date', drawn.last_purchase_date,
            'slipping_on', drawn.slipping_on,
            'dormant_on', drawn.dormant_on,
            'long_dormant_on', drawn.long_dormant_on,
            'outcome_days', drawn.outcome_days,
            'control_share', drawn.control_share,
            'revenue_cap', caps.revenue_cap,
            'chance_without', profits.chance_without,
            'expected_profit', profits.expected_profit,
            'is_trial', answers.trial_details is not null
        ) as entry_values

    from answers

    inner join drawn
        on
            answers.customer_id = drawn.customer_id
            and answers.programme = drawn.programme

    inner join told_off
        on answers.customer_id = told_off.customer_id

    left outer join churn
        on answers.customer_id = churn.customer_id

    left outer join profits
        on
            answers.customer_id = profits.customer_id
            and answers.programme = profits.programme

    left outer join caps
        on answers.programme = caps.programme

),

in_all as (

    select
        told_off.customer_id,
        'all' as programme,
        'a' as arm,
        told_off.is_global_control as is_control,
        told_off.salt,
        told_off.is_global_control,
        told_off.is_new,
        json_object(
            'reason', 'passed the gates of ' || answers.programme,
            'outcome_days', {{ var('global_control_window_days') }},
            'control_share', told_off.control_share,
            'revenue_cap', caps.revenue_cap
        ) as entry_values

    from told_off

    inner join answers
        on told_off.customer_id = answers.customer_id

    left outer join caps
        on caps.programme = 'all'

),

entries as (

    select * from in_programmes
    union all
    select * from in_all

)

select * from entries
