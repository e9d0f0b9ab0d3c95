-- stream: events
with

-- A line is what one request brought: an event, or an array of them.
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
        event ->> '$.event' as kind,
        event ->> '$.reason' as reason,
        event ->> '$.type' as bounce_kind,
        event ->> '$.sg_message_id' as sendgrid_id

    from events

),

mapped as (

    select
        row_number,
        coalesce(event ->> '$.sg_event_id', md5(cast(event as varchar))) as event_id,
        event ->> '$.email' as email,
        case
            when kind = 'processed' then 'sent'
            when kind = 'open' then 'opened'
            when kind = 'click' then 'clicked'
            when kind = 'bounce' then 'bounced'
            when kind = 'spamreport' then 'complained'
            -- A no to one group is taken for a no to all: which mails are in it nobody tells here.
            when kind in ('unsubscribe', 'group_unsubscribe') then 'unsubscribed'
            -- Not sent, because SendGrid knows of an older no or bounce.
            when kind = 'dropped' and reason = 'Unsubscribed Address' then 'unsubscribed'
            when kind = 'dropped' and reason = 'Spam Reporting Address' then 'complained'
            when kind = 'dropped' and reason in ('Bounced Address', 'Invalid') then 'bounced'
            -- Tried again, not sent for a reason of the sender's, or a yes, which an event is not.
            when kind in ('dropped', 'deferred', 'group_resubscribe') then null
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(kind, 'none told')
        end as event,
        strftime(
            epoch_ms(try_cast(event ->> '$.timestamp' as bigint) * 1000), '%Y-%m-%dT%H:%M:%SZ'
        ) as occurred_at,
        coalesce(
            event ->> '$.singlesend_id',
            event ->> '$.mc_auto_id',
            event ->> '$.marketing_campaign_id',
            event ->> '$.category[0]',
            event ->> '$.category'
        ) as campaign_id,
        -- What follows the first point names the server and differs between events of one mail;
        -- of what was dropped there is nothing else.
        case
            when starts_with(sendgrid_id, 'filter') then sendgrid_id
            else split_part(sendgrid_id, '.', 1)
        end as message_id,
        case
            when kind = 'dropped' then 'hard'
            when bounce_kind = 'blocked' then 'soft'
            when bounce_kind = 'bounce' then 'hard'
        end as bounce_type,
        event ->> '$.sg_machine_open' as is_machine,
        event ->> '$.useragent' as user_agent

    from told

)

select
    * exclude (bounce_type),
    case when event = 'bounced' then bounce_type end as bounce_type

from mapped

where event is not null
