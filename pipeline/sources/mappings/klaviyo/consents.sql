-- stream: profiles
with

profiles as (

    select
        row_number,
        record ->> '$.id' as profile_id,
        record ->> '$.attributes.email' as email,
        record ->> '$.attributes.created' as created,
        record -> '$.attributes.subscriptions.email.marketing' as email_marketing,
        record -> '$.attributes.subscriptions.sms.marketing' as sms_marketing

    from records

),

-- A suppression is a no of the person or of the shop, but for these two, which are the address's:
-- they end with a new one, and come as bounces (email_events__suppressions.sql). What is suppressed
-- for one list alone says nothing of other mail.
suppressed as (

    select
        row_number,
        max(suppression ->> '$.timestamp') as suppressed_at

    from (
        select
            row_number,
            unnest(cast(email_marketing -> '$.suppression' as json[])) as suppression
        from profiles
    ) as suppressions

    where (suppression ->> '$.reason') not in ('HARD_BOUNCE', 'INVALID_EMAIL')

    group by row_number

),

marketing as (

    select
        profiles.row_number,
        profiles.profile_id,
        profiles.email,
        profiles.created,
        'email' as channel,
        profiles.email_marketing as consent,
        suppressed.suppressed_at

    from profiles

    left outer join suppressed
        on profiles.row_number = suppressed.row_number

    where (profiles.email_marketing ->> '$.consent') is not null

    union all

    select
        row_number,
        profile_id,
        email,
        created,
        'sms' as channel,
        sms_marketing as consent,
        null as suppressed_at

    from profiles

    where (sms_marketing ->> '$.consent') is not null

),

mapped as (

    select
        row_number,
        profile_id as customer_id,
        email,
        channel,
        case
            when suppressed_at is not null then 'unsubscribed'
            when (consent ->> '$.consent') = 'NEVER_SUBSCRIBED' then 'never'
            -- One that nobody knows yet goes to quarantine and keeps the person off every list.
            else lower(consent ->> '$.consent')
        end as state,
        case
            -- A no lasts as long as it can, a yes counts from the day on which it was given.
            when suppressed_at is not null
                then greatest(suppressed_at, consent ->> '$.consent_timestamp')
            when (consent ->> '$.consent') = 'UNSUBSCRIBED'
                then greatest(consent ->> '$.consent_timestamp', consent ->> '$.last_updated')
            else consent ->> '$.consent_timestamp'
        end as consented_at,
        created

    from marketing

)

select
    row_number,
    customer_id,
    email,
    channel,
    state,
    coalesce(consented_at, created) as at,
    'klaviyo' as source

from mapped
