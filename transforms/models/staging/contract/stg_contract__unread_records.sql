-- Records about people that could not be read and may hold a no, a complaint, or the purchase of
-- somebody taken for quiet. What can be none of them (a yes, a mail that arrived) is left out.
with

unread as (

    select
        source,
        entity,
        payload,
        quarantined_at,
        case when json_valid(payload) then payload end as record

    from {{ source('quarantine', 'unread_rows') }}

    where
        {{ is_contract_source('source') }}
        and entity in ('orders', 'customers', 'consents', 'email_events', 'complaints')

),

told as (

    select
        source,
        entity,
        quarantined_at,
        nullif(trim(record ->> '$.customer_id'), '') as customer_id,
        main.addresses_within(payload) as emails,
        coalesce(lower(trim(record ->> '$.state')), '') as state,
        coalesce(lower(trim(record ->> '$.channel')), '') as channel,
        coalesce(lower(trim(record ->> '$.event')), '') as event

    from unread

),

doubtful as (

    select
        source,
        entity,
        quarantined_at,
        customer_id,
        emails

    from told

    where
        event not in ('sent', 'delivered', 'opened', 'clicked')
        and state not in ('subscribed', 'soft_opt_in')
        and not (
            channel in ('sms', 'phone', 'ads')
            and state in ('unsubscribed', 'never', 'pending')
        )

),

keyed as (

    select
        source,
        entity,
        quarantined_at,
        {{ account_prefix_of('source') }} || customer_id as person_key

    from doubtful

    union all

    select
        source,
        entity,
        quarantined_at,
        'email:' || unnest(emails) as person_key

    from doubtful

),

records as (

    select
        source,
        entity,
        person_key,
        max(quarantined_at) as quarantined_at

    from keyed

    where person_key is not null

    group by
        source,
        entity,
        person_key

)

select * from records
