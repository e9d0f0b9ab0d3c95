-- stream: events
with

-- A line is the body of a webhook, which has the event inside, or the event itself as the API and
-- the older webhooks give it.
events as (

    select
        row_number,
        coalesce(record -> '$."event-data"', record) as event

    from records

),

told as (

    select
        row_number,
        event,
        event ->> '$.event' as kind,
        event ->> '$.severity' as severity,
        event ->> '$.reason' as reason,
        event ->> '$.code' as code,
        event ->> '$."client-info".bot' as bot

    from events

),

mapped as (

    select
        row_number,
        coalesce(event ->> '$.id', md5(cast(event as varchar))) as event_id,
        event ->> '$.recipient' as email,
        case
            when kind = 'accepted' then 'sent'
            -- Not sent, because Mailgun knows of an older no.
            when kind = 'failed' and reason = 'suppress-unsubscribe' then 'unsubscribed'
            when kind = 'failed' and reason = 'suppress-complaint' then 'complained'
            when kind = 'failed' and severity = 'permanent' then 'bounced'
            when kind = 'dropped' and code = '606' then 'unsubscribed'
            when kind = 'dropped' and code = '607' then 'complained'
            when kind = 'dropped' then 'bounced'
            -- Tried again, refused for the sender's sake, kept, or a mail that came in.
            when kind in ('failed', 'rejected', 'stored', 'list_member_uploaded') then null
            when kind is null and (event ->> '$."body-plain"') is not null then null
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(kind, 'none told')
        end as event,
        strftime(
            make_timestamp(
                cast(try_cast(event ->> '$.timestamp' as decimal(38, 6)) * 1000000 as bigint)
            ),
            '%Y-%m-%dT%H:%M:%S.%fZ'
        ) as occurred_at,
        coalesce(
            event ->> '$.campaigns[0].id',
            event ->> '$.tags[0]',
            event ->> '$.tag[0]',
            event ->> '$.tag'
        ) as campaign_id,
        trim(
            coalesce(event ->> '$.message.headers."message-id"', event ->> '$."Message-Id"'), '<>'
        ) as message_id,
        -- Given up after hours of trying: the address may be a good one.
        case when reason = 'old' then 'soft' else 'hard' end as bounce_type,
        -- Gmail's proxy fetches pictures when a person opens the mail.
        case when bot <> '' and bot <> 'gmail' then true end as is_machine,
        event ->> '$."client-info"."user-agent"' as user_agent

    from told

)

select
    * exclude (bounce_type),
    case when event = 'bounced' then bounce_type end as bounce_type

from mapped

where event is not null
