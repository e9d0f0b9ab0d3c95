-- What became of each step that was taken before the day. A step counts as sent from the mail that
-- the tool reports, from its own day only where the table of messages says so. For a control it
-- counts from its day too, unless nobody who was treated beside him was sent it.
with

enrolments as (

    select * from {{ ref('programme_enrolments') }}

),

taken as (

    select * from {{ source('sync', 'programme_steps') }}

    where as_of_date < {{ as_of_date() }}

),

messages as (

    select
        programme,
        step,
        arm,
        message,
        bool_or(assume_sent) as is_assumed_sent

    from {{ ref('programme_messages') }}

    group by
        programme,
        step,
        arm,
        message

),

events as (

    select * from {{ ref('programme_mail_events') }}

),

steps as (

    select
        enrolments.customer_id,
        enrolments.programme,
        enrolments.entered_on,
        enrolments.arm,
        enrolments.is_control,
        taken.step,
        taken.message,
        taken.is_listed,
        taken.offer,
        taken.offer_ends_on,
        taken.as_of_date as taken_on,
        -- The same step of a later entry has mails of its own.
        lead(taken.as_of_date) over (
            partition by
                enrolments.customer_id,
                enrolments.programme,
                taken.step,
                taken.message
            order by taken.as_of_date
        ) as taken_again_on

    from taken

    inner join enrolments
        on
            taken.customer_id = enrolments.enrolled_as
            and taken.programme = enrolments.programme
            and taken.entered_on = enrolments.entered_on

),

with_mails as (

    select
        steps.customer_id,
        steps.programme,
        steps.entered_on,
        steps.arm,
        steps.is_control,
        steps.step,
        steps.message,
        steps.is_listed,
        steps.offer,
        steps.offer_ends_on,
        steps.taken_on,
        coalesce(bool_or(messages.is_assumed_sent), false) as is_assumed_sent,
        min(events.occurred_date) filter (
            where events.event in ('sent', 'delivered')
        ) as sent_on,
        min(events.occurred_date) filter (where events.event = 'delivered') as delivered_on,
        min(events.occurred_date) filter (where events.event = 'opened') as opened_on,
        min(events.occurred_date) filter (
            where events.event = 'opened' and events.is_human
        ) as human_opened_on,
        min(events.occurred_date) filter (
            where events.event = 'clicked' and events.is_human
        ) as clicked_on

    from steps

    left outer join messages
        on
            steps.programme = messages.programme
            and steps.step = messages.step
            and steps.message = messages.message
            and coalesce(messages.arm, steps.arm) = steps.arm

    left outer join events
        on
            steps.customer_id = events.customer_id
            and steps.programme = events.programme
            and steps.step = events.step
            and steps.message = events.message
            and coalesce(events.arm, steps.arm) = steps.arm
            and steps.is_listed
            and steps.taken_on <= events.occurred_date
            and (steps.taken_again_on is null or steps.taken_again_on > events.occurred_date)

    group by
        steps.customer_id,
        steps.programme,
        steps.entered_on,
        steps.arm,
        steps.is_control,
        steps.step,
        steps.message,
        steps.is_listed,
        steps.offer,
        steps.offer_ends_on,
        steps.taken_on

),

judged as (

    select
        * exclude (sent_on),
        coalesce(sent_on, case when is_listed and is_assumed_sent then taken_on end) as sent_on

    from with_mails

),

-- Whoever was not sent it by this day is not sent it.
cohorts as (

    select
        *,
        taken_on + {{ var('ladder_sent_within_days') }} as sent_until,
        count(*) filter (where is_listed) over cohort as listed_count,
        count(sent_on) filter (where is_listed) over cohort as sent_count

    from judged

    window cohort as (partition by programme, arm, step, message, taken_on)

),

followed as (

    select
        * exclude (sent_until, listed_count, sent_count),
        case
            when message <> 'first' or sent_until > {{ as_of_date() }} then null
            when is_listed and coalesce(sent_on > sent_until, true) then sent_until
            when not is_listed and listed_count > 0 and sent_count = 0 then sent_until
        end as not_sent_on

    from cohorts

)

select * from followed
