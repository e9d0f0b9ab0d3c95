-- What became of the mails of programmes, by what the table of messages says they are. A message
-- that the tool does not name is told by its campaign alone.
with

messages as (

    select * from {{ ref('programme_messages') }}

    where
        campaign_id is not null
        or message_id is not null

),

-- Asked twice, and kept in between unless told not to: all events of all mails.
events as not materialized (

    select
        person_key,
        event,
        occurred_date,
        is_human,
        campaign_id,
        mail_key

    from {{ ref('int_email_events_unioned') }}

    where occurred_date <= {{ as_of_date() }}

),

keys as (

    select * from {{ ref('int_customer_keys') }}

),

by_campaign as (

    select
        messages.programme,
        messages.step,
        messages.arm,
        messages.message,
        events.person_key,
        events.event,
        events.occurred_date,
        events.is_human,
        events.mail_key

    from events

    inner join messages
        on
            events.campaign_id = messages.campaign_id
            and events.mail_key = coalesce(messages.message_id, events.mail_key)

),

by_message as (

    select
        messages.programme,
        messages.step,
        messages.arm,
        messages.message,
        events.person_key,
        events.event,
        events.occurred_date,
        events.is_human,
        events.mail_key

    from events

    inner join messages
        on
            events.mail_key = messages.message_id
            and messages.campaign_id is null

),

unioned as (

    select * from by_campaign
    union all
    select * from by_message

),

owned as (

    select
        keys.customer_id,
        unioned.programme,
        unioned.step,
        unioned.arm,
        unioned.message,
        unioned.event,
        unioned.occurred_date,
        unioned.is_human,
        unioned.mail_key

    from unioned

    inner join keys
        on unioned.person_key = keys.person_key

)

select * from owned
