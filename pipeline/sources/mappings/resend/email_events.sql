-- stream: events
with

told as (

    select
        row_number,
        record as event,
        record ->> '$.type' as kind,
        record ->> '$.data.to[*]' as recipients

    from records

),

-- A mail may go to several people. Of an open or click among them nobody can tell whose it was.
by_recipient as (

    select
        row_number,
        event,
        kind,
        unnest(
            case
                -- About a contact or a domain.
                when kind like 'contact.%' or kind like 'domain.%' then null
                when kind in ('email.opened', 'email.clicked') and len(recipients) > 1 then null
                when len(recipients) > 0 then recipients
                else [null]
            end
        ) as recipient

    from told

),

mapped as (

    select
        row_number,
        md5(concat_ws('|', cast(event as varchar), recipient)) as event_id,
        -- With a name around it, or bare.
        coalesce(nullif(regexp_extract(recipient, '<([^<>]+)>\s*$', 1), ''), recipient) as email,
        case kind
            when 'email.sent' then 'sent'
            when 'email.delivered' then 'delivered'
            when 'email.opened' then 'opened'
            when 'email.clicked' then 'clicked'
            when 'email.bounced' then 'bounced'
            -- Not sent, because the address is suppressed.
            when 'email.suppressed' then 'bounced'
            when 'email.complained' then 'complained'
            -- Tried again, still to come, a fault of the sender's, or a mail that came in.
            when 'email.delivery_delayed' then null
            when 'email.scheduled' then null
            when 'email.failed' then null
            when 'email.received' then null
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(kind, 'none told')
        end as event,
        coalesce(event ->> '$.data.click.timestamp', event ->> '$.created_at') as occurred_at,
        coalesce(event ->> '$.data.broadcast_id', event ->> '$.data.tags.campaign') as campaign_id,
        event ->> '$.data.email_id' as message_id,
        case
            when kind = 'email.suppressed' then 'hard'
            when kind = 'email.bounced' and (event ->> '$.data.bounce.type') = 'Transient'
                then 'soft'
            when kind = 'email.bounced' and (event ->> '$.data.bounce.type') = 'Permanent'
                then 'hard'
        end as bounce_type,
        event ->> '$.data.click.userAgent' as user_agent

    from by_recipient

)

select * from mapped

where event is not null
