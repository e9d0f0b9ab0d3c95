-- stream: events
with

-- A line is the parameter mandrill_events of a request: an array of events.
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
        -- Changes of Mandrill's own lists of whom it mails come beside events of mails.
        event ->> '$.type' as list_kind,
        event ->> '$.action' as list_action,
        coalesce(event ->> '$.reject.reason', event ->> '$.msg.reject.reason') as refusal

    from events

),

mapped as (

    select
        row_number,
        md5(cast(event as varchar)) as event_id,
        coalesce(event ->> '$.msg.email', event ->> '$.reject.email') as email,
        case
            when kind = 'send' then 'sent'
            when kind = 'delivered' then 'delivered'
            when kind = 'open' then 'opened'
            when kind = 'click' then 'clicked'
            when kind in ('hard_bounce', 'soft_bounce') then 'bounced'
            when kind = 'spam' then 'complained'
            when kind = 'unsub' then 'unsubscribed'
            when kind = 'deferral' then null
            when list_kind = 'blacklist' and list_action = 'remove' then null
            when list_kind = 'whitelist' then null
            when (kind = 'reject' or list_kind = 'blacklist') and refusal = 'spam'
                then 'complained'
            when
                (kind = 'reject' or list_kind = 'blacklist')
                and refusal in ('hard-bounce', 'soft-bounce', 'invalid')
                then 'bounced'
            -- By hand, by a rule, or because the person said so.
            when list_kind = 'blacklist' then 'unsubscribed'
            when kind = 'reject' and refusal in ('unsub', 'custom') then 'unsubscribed'
            when kind = 'reject' then null
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(kind, list_kind, 'none told')
        end as event,
        strftime(
            epoch_ms(try_cast(event ->> '$.ts' as bigint) * 1000), '%Y-%m-%dT%H:%M:%SZ'
        ) as occurred_at,
        coalesce(event ->> '$.msg.tags[0]', event ->> '$.msg.template') as campaign_id,
        coalesce(event ->> '$.msg._id', event ->> '$._id') as message_id,
        case
            when kind = 'soft_bounce' or refusal = 'soft-bounce' then 'soft'
            else 'hard'
        end as bounce_type,
        event ->> '$.user_agent' as user_agent

    from told

)

select
    * exclude (bounce_type),
    case when event = 'bounced' then bounce_type end as bounce_type

from mapped

where event is not null
