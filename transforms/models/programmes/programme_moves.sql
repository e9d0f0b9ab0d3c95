-- Which step who takes today, and what he is offered with it. A control takes the same steps on the
-- same days and is on no list; nor is whoever has opened a mail that is sent once more to those who
-- have not.
with

answers as (

    select * from {{ ref('programme_answers') }}

    where
        gate is null
        and step is not null

),

entries as (

    select * from {{ ref('programme_entries') }}

),

programmes as (

    select * from {{ ref('programmes') }}

),

steps as (

    select * from {{ ref('programme_steps') }}

),

offers as (

    select * from {{ ref('offers') }}

),

segment_members as (

    select * from {{ ref('segment_members') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

taken as (

    select * from {{ ref('programme_steps_taken') }}

    where message = 'first'

),

-- Who is in the global control since another period began is sent nothing more of his ladder.
held as (

    select * from {{ ref('programme_holds') }}

    where programme = 'all'

),

chosen as (

    select
        answers.customer_id,
        answers.programme,
        answers.entered_on,
        answers.is_entry,
        answers.arm,
        answers.is_control,
        answers.step,
        answers.message,
        case
            when taken.offer is not null then taken.offer
            when segment_members.customer_id is null then steps.offer
            else steps.group_offer
        end as offer,
        programmes.is_winback
        and coalesce(activity.overdue_ratio < 1, false) as is_within_usual_gap,
        taken.opened_on is not null as is_opened

    from answers

    inner join programmes
        on answers.programme = programmes.programme

    inner join steps
        on
            answers.programme = steps.programme
            and answers.step = steps.step
            and coalesce(steps.arm, answers.arm) = answers.arm

    inner join activity
        on answers.customer_id = activity.customer_id

    left outer join segment_members
        on
            answers.customer_id = segment_members.customer_id
            and steps.offer_group = segment_members.segment

    left outer join entries
        on
            answers.customer_id = entries.customer_id
            and answers.programme = entries.programme

    left outer join taken
        on
            answers.customer_id = taken.customer_id
            and answers.programme = taken.programme
            and answers.entered_on = taken.entered_on
            and answers.step = taken.step

    where
        not answers.is_entry
        or not entries.is_global_control

),

-- Nobody gets a discount for coming back who is not late by his own habit.
fitting as (

    select
        chosen.*,
        case
            when chosen.is_within_usual_gap and offers.kind = 'discount' then 'none'
            else chosen.offer
        end as fitting_offer

    from chosen

    inner join offers
        on chosen.offer = offers.offer

),

-- Whoever is reminded of an offer has it until the day that he was told.
offered_before as (

    select
        customer_id,
        programme,
        entered_on,
        offer,
        max(offer_ends_on) as offer_ends_on

    from taken

    where offer_ends_on > {{ as_of_date() }}

    group by
        customer_id,
        programme,
        entered_on,
        offer

),

moves as (

    select
        fitting.customer_id,
        fitting.programme,
        fitting.entered_on,
        fitting.is_entry,
        fitting.arm,
        fitting.is_control,
        fitting.step,
        fitting.message,
        not fitting.is_control
        and held.customer_id is null
        and (fitting.message = 'first' or not fitting.is_opened) as is_listed,
        offers.offer,
        coalesce(
            offered_before.offer_ends_on, {{ as_of_date() }} + 1 + offers.valid_days
        ) as offer_ends_on,
        {{ programme_list('fitting') }} as audience

    from fitting

    inner join offers
        on fitting.fitting_offer = offers.offer

    left outer join offered_before
        on
            fitting.customer_id = offered_before.customer_id
            and fitting.programme = offered_before.programme
            and fitting.entered_on = offered_before.entered_on
            and offers.offer = offered_before.offer

    left outer join held
        on fitting.customer_id = held.customer_id

)

select * from moves
