-- stream: events
with

transactional as (

    select
        row_number,
        record -> '$.event' as told,
        record ->> '$.event.event' as kind

    from records

    where (record ->> '$.kind') = 'transactional'

),

-- Events have no numbers: one is what it was, of whom, of which mail and when.
of_mails as (

    select
        row_number,
        md5(cast(told as varchar)) as event_id,
        told ->> '$.email' as email,
        case kind
            when 'requests' then 'sent'
            when 'loadedByProxy' then 'opened'
            when 'clicks' then 'clicked'
            when 'bounces' then 'bounced'
            when 'hardBounces' then 'bounced'
            when 'softBounces' then 'bounced'
            -- Not sent: no address, or one that Brevo blocks.
            when 'invalid' then 'bounced'
            when 'blocked' then 'bounced'
            when 'spam' then 'complained'
            -- Tried again, or a fault of the sender's.
            when 'deferred' then null
            when 'error' then null
            else kind
        end as event,
        told ->> '$.date' as occurred_at,
        coalesce(nullif(told ->> '$.tag', ''), told ->> '$.templateId') as campaign_id,
        trim(told ->> '$.messageId', '<>') as message_id,
        case
            when kind = 'softBounces' then 'soft'
            when kind in ('hardBounces', 'invalid', 'blocked') then 'hard'
        end as bounce_type,
        -- Brevo counts what proxies load apart, so what is left is no machine's as far as it knows.
        case kind when 'loadedByProxy' then true when 'opened' then false end as is_machine

    from transactional

),

recipients as (

    select
        row_number,
        record ->> '$.campaign.id' as campaign_id,
        record ->> '$.campaign.sentDate' as sent_at,
        record ->> '$.recipients' as recipients,
        coalesce(
            record ->> '$.row.email',
            record ->> '$.row.email_id',
            record ->> '$.row."email address"'
        ) as email

    from records

    where (record ->> '$.kind') = 'campaign'

),

-- Of campaigns Brevo tells who, not when: everything is as old as the sending.
of_campaigns as (

    select
        row_number,
        concat_ws('-', 'campaign', campaign_id, recipients, md5(lower(email))) as event_id,
        email,
        case recipients
            when 'all' then 'sent'
            when 'openers' then 'opened'
            when 'clickers' then 'clicked'
            when 'hardBounces' then 'bounced'
            when 'softBounces' then 'bounced'
            else recipients
        end as event,
        sent_at as occurred_at,
        campaign_id,
        null as message_id,
        case recipients when 'hardBounces' then 'hard' when 'softBounces' then 'soft' end
            as bounce_type,
        -- Whether machines are among the openers nobody tells.
        null as is_machine

    from recipients

),

unioned as (

    select * from of_mails
    union all
    select * from of_campaigns

)

select * from unioned

where event is not null
