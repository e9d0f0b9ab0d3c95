-- Whether each ladder that was entered still runs, and else since when and why not. Any purchase
-- that was not known at entry ends it, also one that was told late.
with

positions as (

    select * from {{ ref('programme_positions') }}

    where not is_entry

),

programmes as (

    select * from {{ ref('programmes') }}

),

steps as (

    select
        programme,
        arm,
        step,
        resend_after_days,
        ends_after_days

    from {{ ref('programme_steps') }}

),

-- By the last step that an arm has now: one that somebody took may have been cut from it since.
endings as (

    select
        positions.programme,
        positions.arm,
        arg_max(steps.ends_after_days, steps.step) as ends_after_days

    from (select distinct
        programme,
        arm
    from positions) as positions

    inner join steps
        on
            positions.programme = steps.programme
            and coalesce(steps.arm, positions.arm) = positions.arm

    group by
        positions.programme,
        positions.arm

),

purchases as (

    select
        customer_id,
        purchase_date

    from {{ ref('int_purchases') }}

),

bought as (

    select
        positions.customer_id,
        positions.programme,
        positions.entered_on,
        greatest(min(purchases.purchase_date), positions.entered_on) as bought_on

    from positions

    inner join purchases
        on
            positions.customer_id = purchases.customer_id
            and coalesce(positions.last_purchase_date < purchases.purchase_date, true)

    group by
        positions.customer_id,
        positions.programme,
        positions.entered_on

),

ends as (

    select
        positions.customer_id,
        positions.programme,
        positions.entered_on,
        positions.arm,
        positions.is_control,
        positions.last_step,
        positions.last_taken_on,
        positions.next_step,
        positions.next_due_on,
        positions.dormant_on,
        programmes.priority,
        programmes.archives,
        steps.resend_after_days,
        bought.bought_on,
        positions.not_sent_on,
        case
            when positions.next_step is null
                then
                    coalesce(positions.last_taken_on, positions.entered_on)
                    + coalesce(endings.ends_after_days, 0)
        end as ran_out_on,
        positions.next_due_on + {{ var('ladder_patience_days') }} as stuck_on

    from positions

    inner join programmes
        on positions.programme = programmes.programme

    left outer join steps
        on
            positions.programme = steps.programme
            and positions.last_step = steps.step
            and coalesce(steps.arm, positions.arm) = positions.arm

    left outer join endings
        on
            positions.programme = endings.programme
            and positions.arm = endings.arm

    left outer join bought
        on
            positions.customer_id = bought.customer_id
            and positions.programme = bought.programme
            and positions.entered_on = bought.entered_on

),

dated as (

    select
        *,
        least(bought_on, not_sent_on, ran_out_on, stuck_on) as ends_on

    from ends

),

ladders as (

    select
        customer_id,
        programme,
        entered_on,
        arm,
        is_control,
        priority,
        archives,
        last_step,
        last_taken_on,
        next_step,
        next_due_on,
        resend_after_days,
        dormant_on,
        case when ends_on <= {{ as_of_date() }} then ends_on end as ended_on,
        case
            when ends_on is null or ends_on > {{ as_of_date() }} then null
            when bought_on = ends_on then 'bought'
            when not_sent_on = ends_on then 'not_sent'
            when ran_out_on = ends_on then 'ran_out'
            else 'stuck'
        end as end_reason

    from dated

)

select * from ladders
