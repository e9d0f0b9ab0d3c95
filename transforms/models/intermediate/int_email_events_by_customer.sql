with

events as (

    select * from {{ ref('int_email_events_unioned') }}

    where occurred_date <= {{ as_of_date() }}

),

keys as (

    select * from {{ ref('int_customer_keys') }}

),

-- One row per mail and person: what became of it.
mails as (

    select
        keys.customer_id,
        events.mail_key,
        min(events.occurred_date) as first_date,
        max(events.occurred_date) filter (where events.event in ('sent', 'delivered'))
            as sent_date,
        bool_or(events.event = 'delivered') as is_delivered,
        bool_or(events.event = 'sent') as is_sent,
        bool_or(events.event = 'bounced') as is_bounced,
        max(events.occurred_date) filter (where events.event = 'opened' and events.is_human)
            as human_open_date,
        max(events.occurred_date) filter (where events.event = 'clicked' and events.is_human)
            as human_click_date,
        max(events.occurred_date) filter (where events.event = 'opened' and not events.is_human)
            as machine_open_date,
        max(events.occurred_date) filter (
            where events.event = 'opened' and events.is_human is null
        ) as unexplained_open_date,
        max(events.occurred_at) filter (where events.is_human) as last_human_engagement_at

    from events

    inner join keys
        on events.person_key = keys.person_key

    group by
        keys.customer_id,
        events.mail_key

),

ages as (

    select
        *,
        date_diff('day', sent_date, {{ as_of_date() }}) as sent_age,
        date_diff('day', human_open_date, {{ as_of_date() }}) as human_open_age,
        date_diff('day', human_click_date, {{ as_of_date() }}) as human_click_age,
        date_diff('day', machine_open_date, {{ as_of_date() }}) as machine_open_age,
        -- An open that nothing tells about may have been a person's.
        max(greatest(human_open_date, human_click_date, unexplained_open_date)) over (
            partition by customer_id
        ) as last_possible_engagement_date

    from mails

),

summed as (

    select
        customer_id,
        {% for days in (30, 90, 365) -%}
        count(*) filter (where sent_age < {{ days }}) as emails_sent_{{ days }}d,
        count(*) filter (where human_open_age < {{ days }}) as human_opens_{{ days }}d,
        count(*) filter (where human_click_age < {{ days }}) as human_clicks_{{ days }}d,
        count(*) filter (where machine_open_age < {{ days }}) as machine_opens_{{ days }}d,
        {% endfor -%}
        count(*) filter (
            where
            (is_delivered or (is_sent and not is_bounced))
            and coalesce(sent_date > last_possible_engagement_date, true)
        ) as emails_unanswered_count,
        min(first_date) as first_mail_date,
        max(last_human_engagement_at) as last_human_engagement_at,
        max(last_possible_engagement_date) as last_possible_engagement_date,
        coalesce(bool_or(machine_open_date is not null), false) as has_machine_opens

    from ages

    group by customer_id

)

select * from summed
