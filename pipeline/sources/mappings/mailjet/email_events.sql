-- stream: events
with

-- Events come one by one or grouped, as the webhook is set.
events as (

    select
        row_number,
        unnest(
            case when json_type(record) = 'ARRAY' then cast(record as json[]) else [record] end
        ) as event

    from records

),

mapped as (

    select
        row_number,
        md5(cast(event as varchar)) as event_id,
        event ->> '$.email' as email,
        case event ->> '$.event'
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'bounce' then 'bounced'
            -- Mailjet sends nothing to addresses that it takes for wrong or knows to bounce.
            when 'blocked' then 'bounced'
            when 'spam' then 'complained'
            when 'unsub' then 'unsubscribed'
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(event ->> '$.event', 'none told')
        end as event,
        strftime(
            epoch_ms(try_cast(event ->> '$.time' as bigint) * 1000), '%Y-%m-%dT%H:%M:%SZ'
        ) as occurred_at,
        -- The name that the sender gave goes first; nought stands for no campaign.
        coalesce(
            nullif(event ->> '$.customcampaign', ''), nullif(event ->> '$.mj_campaign_id', '0')
        ) as campaign_id,
        event ->> '$.MessageID' as message_id,
        case
            when (event ->> '$.event') = 'blocked' then 'hard'
            when (event ->> '$.event') = 'bounce'
                then case event ->> '$.hard_bounce' when 'true' then 'hard' else 'soft' end
        end as bounce_type,
        event ->> '$.agent' as user_agent

    from events

)

select * from mapped
