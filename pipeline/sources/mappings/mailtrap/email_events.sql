-- stream: events
with

-- A line is what one request brought: an object with a list of events.
events as (

    select
        row_number,
        unnest(cast(coalesce(record -> '$.events', json_array(record)) as json[])) as event

    from records

),

told as (

    select
        row_number,
        event,
        event ->> '$.event' as kind

    from events

),

mapped as (

    select
        row_number,
        coalesce(event ->> '$.event_id', md5(cast(event as varchar))) as event_id,
        event ->> '$.email' as email,
        case kind
            when 'delivery' then 'delivered'
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'bounce' then 'bounced'
            when 'soft bounce' then 'bounced'
            when 'spam' then 'complained'
            when 'unsubscribe' then 'unsubscribed'
            -- Stopped for the sender's sake; nothing was sent.
            when 'suspension' then null
            when 'reject' then null
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(kind, 'none told')
        end as event,
        strftime(
            epoch_ms(try_cast(event ->> '$.timestamp' as bigint) * 1000), '%Y-%m-%dT%H:%M:%SZ'
        ) as occurred_at,
        event ->> '$.category' as campaign_id,
        event ->> '$.message_id' as message_id,
        case kind when 'bounce' then 'hard' when 'soft bounce' then 'soft' end as bounce_type,
        event ->> '$.user_agent' as user_agent

    from told

)

select * from mapped

where event is not null
