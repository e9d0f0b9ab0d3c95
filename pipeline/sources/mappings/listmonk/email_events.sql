-- stream: bounces
with

mapped as (

    select
        row_number,
        'bounce-' || (record ->> '$.id') as event_id,
        record ->> '$.email' as email,
        case record ->> '$.type' when 'complaint' then 'complained' else 'bounced' end as event,
        record ->> '$.created_at' as occurred_at,
        record ->> '$.campaign.id' as campaign_id,
        case
            when (record ->> '$.type') in ('hard', 'soft') then record ->> '$.type'
        end as bounce_type

    from records

    -- Of a subscriber who was deleted nothing is left that leads to a person.
    where coalesce(record ->> '$.email', '') <> ''

)

select * from mapped
