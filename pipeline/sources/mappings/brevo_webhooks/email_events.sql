-- stream: events
with

events as (

    select
        row_number,
        unnest(
            case when json_type(record) = 'ARRAY' then cast(record as json[]) else [record] end
        ) as event

    from records

),

told as (

    select
        row_number,
        event,
        -- Webhooks of transactional and of marketing mail spell the same things differently.
        lower(regexp_replace(event ->> '$.event', '([a-z])([A-Z])', '\1_\2')) as kind,
        -- Seconds and milliseconds; `date` is a clock of which nobody says where it hangs.
        coalesce(
            try_cast(event ->> '$.ts_epoch' as bigint),
            try_cast(event ->> '$.s_epoch' as bigint),
            try_cast(event ->> '$.ts_event' as bigint) * 1000,
            try_cast(event ->> '$.ts' as bigint) * 1000
        ) as milliseconds

    from events

),

mapped as (

    select
        row_number,
        -- `id` is the number of the webhook, the same for all that it sends.
        md5(cast(event as varchar)) as event_id,
        event ->> '$.email' as email,
        case
            when kind = 'request' then 'sent'
            when kind in ('unique_opened', 'proxy_open', 'unique_proxy_open') then 'opened'
            when kind = 'click' then 'clicked'
            -- Not sent to addresses that Brevo blocks.
            when kind in ('hard_bounce', 'soft_bounce', 'invalid_email', 'blocked') then 'bounced'
            when kind in ('spam', 'complaint') then 'complained'
            when kind = 'unsubscribe' then 'unsubscribed'
            -- Tried again, a fault of the sender's, or nothing about a mail.
            when
                kind in (
                    'deferred', 'error', 'list_addition', 'contact_updated', 'contact_deleted'
                )
                then null
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(kind, 'none told')
        end as event,
        strftime(epoch_ms(milliseconds), '%Y-%m-%dT%H:%M:%S.%fZ') as occurred_at,
        coalesce(
            event ->> '$.camp_id',
            event ->> '$.tags[0]',
            event ->> '$.tag[0]',
            event ->> '$.tag',
            event ->> '$.template_id'
        ) as campaign_id,
        trim(event ->> '$."message-id"', '<>') as message_id,
        case when kind = 'soft_bounce' then 'soft' else 'hard' end as bounce_type,
        case when kind in ('proxy_open', 'unique_proxy_open') then true end as is_machine,
        event ->> '$.user_agent' as user_agent

    from told

)

select
    * exclude (bounce_type),
    case when event = 'bounced' then bounce_type end as bounce_type

from mapped

where event is not null
