-- stream: profiles
with

suppressions as (

    select
        row_number,
        record ->> '$.id' as profile_id,
        record ->> '$.attributes.email' as email,
        unnest(
            cast(
                record -> '$.attributes.subscriptions.email.marketing.suppression' as json[]
            )
        ) as suppression

    from records

),

-- What Klaviyo holds against the address alone. The bounce itself may be older than the events that
-- were read, and an address that is none never has one.
mapped as (

    select
        row_number,
        concat_ws(
            '-',
            'suppression',
            profile_id,
            suppression ->> '$.reason',
            suppression ->> '$.timestamp'
        ) as event_id,
        email,
        'bounced' as event,
        suppression ->> '$.timestamp' as occurred_at,
        'hard' as bounce_type

    from suppressions

    where
        email is not null
        and (suppression ->> '$.reason') in ('HARD_BOUNCE', 'INVALID_EMAIL')

)

select * from mapped
