-- What each programme brought: the programme as a whole against its controls, arms against controls
-- and each other, and for each step what became of its mails. Steps have no effect of their own:
-- who comes to a later one is who has not bought before.
{{ config(schema="marts") }}

with

taken as (

    select * from {{ ref('programme_steps_taken') }}

),

ladders as (

    select * from {{ ref('programme_ladders') }}

),

outcomes as (

    select * from {{ ref('programme_outcomes') }}

),

of_programmes as (

    select
        case when arm is null then 'programme' else 'arm' end as kind,
        programme,
        arm,
        compared_with,
        verdict,
        verdict_text,
        expected_on,
        planned_count,
        entrant_count,
        later_count,
        left_out_count,
        stratum_count,
        treated_count,
        control_count,
        treated_buyer_count,
        control_buyer_count,
        treated_share,
        control_share,
        lift,
        lift_low,
        lift_high,
        probability_above_zero,
        won_back_count,
        revenue_difference,
        revenue_low,
        revenue_high,
        revenue_difference_uncapped,
        incremental_revenue,
        incremental_revenue_low,
        incremental_revenue_high,
        cost,
        cost_per_won_back,
        cost_per_won_back_low,
        cost_per_won_back_high,
        acquisition_cost

    from {{ ref('programme_effects') }}

),

of_steps as (

    select
        'step' as kind,
        programme,
        arm,
        step,
        message,
        count(*) filter (where is_listed) as listed_count,
        count(sent_on) as sent_count,
        count(delivered_on) as delivered_count,
        count(human_opened_on) as human_opened_count,
        count(clicked_on) as clicked_count,
        count(*) filter (where is_control) as control_count

    from taken

    group by
        programme,
        arm,
        step,
        message

),

-- Whoever enters once more in the same period is in the same group; he is not compared again.
entered_again as (

    select
        'later entries' as kind,
        programme,
        count(*) as entrant_count,
        count(*) filter (where not is_control) as treated_count,
        count(*) filter (where is_control) as control_count,
        count(*) filter (where not is_control and is_buyer) as treated_buyer_count,
        count(*) filter (where is_control and is_buyer) as control_buyer_count

    from outcomes

    where
        is_over
        and entry_number > 1

    group by programme

),

ended as (

    select
        'ended' as kind,
        programme,
        end_reason,
        count(*) as entrant_count,
        count(*) filter (where not is_control) as treated_count,
        count(*) filter (where is_control) as control_count

    from ladders

    where ended_on is not null

    group by
        programme,
        end_reason

),

unioned as (

    select * from of_programmes
    union all by name
    select * from of_steps
    union all by name
    select * from entered_again
    union all by name
    select * from ended

),

results as (

    select
        *,
        {{ as_of_date() }} as as_of_date

    from unioned

)

select * from results
