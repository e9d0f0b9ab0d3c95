-- stream: events
with

told as (

    select
        row_number,
        record -> '$.data' as event,
        record ->> '$.type' as kind

    from records

),

mapped as (

    select
        row_number,
        coalesce(event ->> '$.id', md5(cast(event as varchar))) as event_id,
        event ->> '$.email.recipient.email' as email,
        case kind
            when 'activity.sent' then 'sent'
            when 'activity.delivered' then 'delivered'
            when 'activity.opened' then 'opened'
            when 'activity.opened_unique' then 'opened'
            when 'activity.clicked' then 'clicked'
            when 'activity.clicked_unique' then 'clicked'
            when 'activity.hard_bounced' then 'bounced'
            when 'activity.soft_bounced' then 'bounced'
            when 'activity.spam_complaint' then 'complained'
            when 'activity.unsubscribed' then 'unsubscribed'
            -- Tried again, an answer to a survey, or nothing about a mail.
            when 'activity.deferred' then null
            when 'activity.survey_opened' then null
            when 'activity.survey_submitted' then null
            when 'bulk_email.completed' then null
            when 'inbound_forward.failed' then null
            when 'sender_identity.verified' then null
            when 'maintenance.start' then null
            when 'maintenance.end' then null
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(kind, 'none told')
        end as event,
        event ->> '$.created_at' as occurred_at,
        event ->> '$.email.tags[0]' as campaign_id,
        event ->> '$.email.message.id' as message_id,
        case kind
            when 'activity.hard_bounced' then 'hard'
            when 'activity.soft_bounced' then 'soft'
        end as bounce_type

    from told

)

select * from mapped

where event is not null
