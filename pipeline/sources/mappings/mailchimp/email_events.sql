-- stream: reports
with

rows_told as (

    select
        row_number,
        record ->> '$.report' as report,
        record ->> '$.campaign.id' as campaign_id,
        record ->> '$.campaign.send_time' as send_time,
        record ->> '$.row.email_id' as email_id,
        -- Of somebody who was deleted for ever no address is left: it is nobody's event any more.
        nullif(record ->> '$.row.email_address', '') as email,
        record -> '$.row' as told

    from records

),

-- A mail has no moment of its own; it is as old as its campaign.
sent as (

    select
        row_number,
        campaign_id,
        email_id,
        email,
        'sent' as event,
        send_time as occurred_at,
        null as url,
        null as bounce_type,
        null as is_machine

    from rows_told

    where report = 'sent_to'

),

not_received as (

    select
        row_number,
        campaign_id,
        email_id,
        email,
        'bounced' as event,
        send_time as occurred_at,
        null as url,
        told ->> '$.status' as bounce_type,
        null as is_machine

    from rows_told

    where report = 'sent_to' and (told ->> '$.status') in ('hard', 'soft')

),

activity as (

    select
        row_number,
        campaign_id,
        email_id,
        email,
        unnest(cast(told -> '$.activity' as json[])) as deed

    from rows_told

    where report = 'activity'

),

-- Opens are read from the report of their own, which alone may know the machines among them.
deeds as (

    select
        row_number,
        campaign_id,
        email_id,
        email,
        case deed ->> '$.action'
            when 'click' then 'clicked'
            when 'bounce' then 'bounced'
            else deed ->> '$.action'
        end as event,
        deed ->> '$.timestamp' as occurred_at,
        deed ->> '$.url' as url,
        case when (deed ->> '$.action') = 'bounce' then deed ->> '$.type' end as bounce_type,
        null as is_machine

    from activity

    where (deed ->> '$.action') <> 'open'

),

opens as (

    select
        row_number,
        campaign_id,
        email_id,
        email,
        unnest(cast(told -> '$.opens' as json[])) as opening

    from rows_told

    where report = 'opens'

),

opened as (

    select
        row_number,
        campaign_id,
        email_id,
        email,
        'opened' as event,
        opening ->> '$.timestamp' as occurred_at,
        null as url,
        null as bounce_type,
        -- Newer answers have it, older ones leave it out: then nothing is known.
        opening ->> '$.is_proxy_open' as is_machine

    from opens

),

noes as (

    select
        row_number,
        campaign_id,
        email_id,
        email,
        case report when 'abuse' then 'complained' else 'unsubscribed' end as event,
        coalesce(told ->> '$.timestamp', told ->> '$.date') as occurred_at,
        null as url,
        null as bounce_type,
        null as is_machine

    from rows_told

    where report in ('unsubscribes', 'abuse')

),

unioned as (

    select * from sent
    union all
    select * from not_received
    union all
    select * from deeds
    union all
    select * from opened
    union all
    select * from noes

)

-- Events have no numbers: a deed is what it was, of whom, in which campaign and when.
select
    row_number,
    md5(concat_ws('|', campaign_id, email_id, event, occurred_at, url)) as event_id,
    email,
    event,
    occurred_at,
    campaign_id,
    bounce_type,
    is_machine

from unioned

where email is not null
