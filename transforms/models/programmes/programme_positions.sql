-- Where each person stands on each ladder: those who entered before today, and those who would
-- enter today. What the next step is and since when it is due follows from the steps that were
-- taken; a step that is due is overtaken when a later one is due too.
with

enrolments as (

    select * from {{ ref('programme_enrolments') }}

),

candidates as (

    select * from {{ ref('programme_candidates_drawn') }}

),

steps as (

    select * from {{ ref('programme_steps') }}

),

taken as (

    select * from {{ ref('programme_steps_taken') }}

),

progress as (

    select
        customer_id,
        programme,
        entered_on,
        max(step) filter (where message = 'first') as last_step,
        max(taken_on) filter (where message = 'first') as last_taken_on,
        min(not_sent_on) as not_sent_on

    from taken

    group by
        customer_id,
        programme,
        entered_on

),

entered as (

    select
        enrolments.customer_id,
        enrolments.programme,
        enrolments.entered_on,
        enrolments.arm,
        enrolments.is_control,
        enrolments.slipping_on,
        enrolments.dormant_on,
        enrolments.long_dormant_on,
        enrolments.last_purchase_date,
        coalesce(progress.last_step, 0) as last_step,
        progress.last_taken_on,
        progress.not_sent_on,
        false as is_entry

    from enrolments

    left outer join progress
        on
            enrolments.customer_id = progress.customer_id
            and enrolments.programme = progress.programme
            and enrolments.entered_on = progress.entered_on

),

entering as (

    select
        customer_id,
        programme,
        {{ as_of_date() }} as entered_on,
        arm,
        is_control,
        slipping_on,
        dormant_on,
        long_dormant_on,
        last_purchase_date,
        0 as last_step,
        cast(null as date) as last_taken_on,
        cast(null as date) as not_sent_on,
        true as is_entry

    from candidates

),

positions as (

    select * from entered
    union all
    select * from entering

),

ahead as (

    select
        positions.customer_id,
        positions.programme,
        positions.entered_on,
        steps.step,
        steps.after_days + case steps.basis
            when 'slipping' then positions.slipping_on
            when 'dormant' then positions.dormant_on
            when 'halfway'
                then
                    positions.dormant_on + cast(
                        date_diff('day', positions.dormant_on, positions.long_dormant_on)
                        // 2 as integer
                    )
            when 'long_dormant' then positions.long_dormant_on
            -- Days after the step before it: when that is not known yet, neither is this.
            when 'entry' then
                case
                    when steps.step = positions.last_step + 1
                        then coalesce(positions.last_taken_on, positions.entered_on)
                end
        end as due_on

    from positions

    inner join steps
        on
            positions.programme = steps.programme
            and coalesce(steps.arm, positions.arm) = positions.arm
            and positions.last_step < steps.step

),

next_steps as (

    select
        customer_id,
        programme,
        entered_on,
        coalesce(
            max(step) filter (where due_on <= {{ as_of_date() }}),
            arg_min(step, {'due_on': due_on, 'step': step})
        ) as next_step,
        coalesce(
            arg_max(due_on, step) filter (where due_on <= {{ as_of_date() }}), min(due_on)
        ) as next_due_on

    from ahead

    where due_on is not null

    group by
        customer_id,
        programme,
        entered_on

),

joined as (

    select
        positions.*,
        next_steps.next_step,
        next_steps.next_due_on

    from positions

    left outer join next_steps
        on
            positions.customer_id = next_steps.customer_id
            and positions.programme = next_steps.programme
            and positions.entered_on = next_steps.entered_on

)

select * from joined
