-- What is to be decided today: whether candidates enter, and whether those who are on a ladder take
-- the step that is due. A step that is not answered by an open is sent once more.
with

positions as (

    select * from {{ ref('programme_positions') }}

    where is_entry

),

ladders as (

    select * from {{ ref('programme_ladders') }}

    where ended_on is null

),

resent as (

    select
        customer_id,
        programme,
        entered_on,
        step

    from {{ ref('programme_steps_taken') }}

    where message = 'resend'

),

candidates as (

    select * from {{ ref('programme_candidates_drawn') }}

),

enrolments as (

    select * from {{ ref('programme_enrolments') }}

),

running as (

    select
        ladders.customer_id,
        ladders.programme,
        ladders.entered_on,
        false as is_entry,
        ladders.arm,
        ladders.is_control,
        enrolments.reason,
        ladders.last_taken_on + ladders.resend_after_days <= {{ as_of_date() }}
        and resent.customer_id is null as is_resend_due,
        case
            when ladders.next_due_on <= {{ as_of_date() }} then ladders.next_step
            when is_resend_due then ladders.last_step
        end as step,
        case
            when ladders.next_due_on <= {{ as_of_date() }} then 'first'
            when is_resend_due then 'resend'
        end as message,
        ladders.next_step,
        ladders.next_due_on

    from ladders

    inner join enrolments
        on
            ladders.customer_id = enrolments.customer_id
            and ladders.programme = enrolments.programme
            and ladders.entered_on = enrolments.entered_on

    left outer join resent
        on
            ladders.customer_id = resent.customer_id
            and ladders.programme = resent.programme
            and ladders.entered_on = resent.entered_on
            and ladders.last_step = resent.step

),

entering as (

    select
        positions.customer_id,
        positions.programme,
        positions.entered_on,
        true as is_entry,
        positions.arm,
        positions.is_control,
        candidates.reason,
        case
            when positions.next_due_on <= {{ as_of_date() }} then positions.next_step
        end as step,
        case when positions.next_due_on <= {{ as_of_date() }} then 'first' end as message,
        positions.next_step,
        positions.next_due_on

    from positions

    inner join candidates
        on
            positions.customer_id = candidates.customer_id
            and positions.programme = candidates.programme

    anti join running
        on
            positions.customer_id = running.customer_id
            and positions.programme = running.programme

),

questions as (

    select * exclude (is_resend_due) from running
    union all
    select * from entering

)

select * from questions
