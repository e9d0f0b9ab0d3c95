-- stream: events
with

batches as (

    select
        row_number,
        unnest(
            case when json_type(record) = 'ARRAY' then cast(record as json[]) else [record] end
        ) as item

    from records

),

-- One member of msys, named for its class, holds the event.
events as (

    select
        row_number,
        coalesce(
            item -> '$.msys.message_event',
            item -> '$.msys.track_event',
            item -> '$.msys.unsubscribe_event',
            item -> '$.msys.gen_event'
        ) as event,
        -- A ping.
        (item -> '$.msys') = '{}' as is_empty

    from batches

),

told as (

    select
        row_number,
        event,
        event ->> '$.type' as kind,
        try_cast(event ->> '$.bounce_class' as integer) as bounce_class,
        event ->> '$.timestamp' as told_at

    from events

    where not coalesce(is_empty, false)

),

mapped as (

    select
        row_number,
        coalesce(event ->> '$.event_id', md5(cast(event as varchar))) as event_id,
        coalesce(event ->> '$.rcpt_to', event ->> '$.raw_rcpt_to') as email,
        case
            when kind = 'injection' then 'sent'
            when kind = 'delivery' then 'delivered'
            when kind in ('open', 'initial_open', 'amp_open', 'amp_initial_open') then 'opened'
            when kind in ('click', 'amp_click') then 'clicked'
            when kind = 'spam_complaint' then 'complained'
            when kind in ('list_unsubscribe', 'link_unsubscribe') then 'unsubscribed'
            when kind in ('bounce', 'out_of_band') and bounce_class = 90 then 'unsubscribed'
            -- Answers of machines to a mail that arrived: out of office, a challenge, a yes.
            when kind in ('bounce', 'out_of_band') and bounce_class in (60, 80, 100) then null
            when kind in ('bounce', 'out_of_band') then 'bounced'
            -- Not sent, because the address is suppressed.
            when kind in ('generation_rejection', 'policy_rejection') then 'bounced'
            when kind in ('delay', 'generation_failure', 'sms_status') then null
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(kind, 'none told')
        end as event,
        -- Seconds, or in some classes of events a time.
        case
            when regexp_full_match(told_at, '\d+')
                then strftime(epoch_ms(cast(told_at as bigint) * 1000), '%Y-%m-%dT%H:%M:%SZ')
            else told_at
        end as occurred_at,
        event ->> '$.campaign_id' as campaign_id,
        coalesce(event ->> '$.message_id', event ->> '$.transmission_id') as message_id,
        case
            when kind in ('generation_rejection', 'policy_rejection') then 'hard'
            -- No such recipient, in two ways; whatever else there is may pass.
            when bounce_class in (10, 30) then 'hard'
            when bounce_class is not null then 'soft'
        end as bounce_type,
        event ->> '$.user_agent_parsed.is_prefetched' as is_machine,
        event ->> '$.user_agent' as user_agent

    from told

)

select
    * exclude (bounce_type),
    case when event = 'bounced' then bounce_type end as bounce_type

from mapped

where event is not null
