-- Records about people that could not be read and may hold a no, or the purchase of somebody taken
-- for quiet. What cannot be either (a yes, a mail that arrived) is left out, and so is what a later
-- record has settled.
with

unread as (

    select
        entity,
        payload,
        quarantined_at,
        case when json_valid(payload) then payload end as record

    from {{ source('raw_files', 'unread_rows') }}

    where
        {{ is_chosen('files') }}
        and entity in ('orders', 'customers', 'consents', 'email_events')

),

told as (

    select
        entity,
        quarantined_at,
        nullif(trim(record ->> '$.customer_id'), '') as customer_id,
        case entity
            when 'orders' then record ->> '$.order_id'
            when 'customers' then record ->> '$.customer_id'
            when 'email_events' then record ->> '$.event_id'
        end as record_key,
        main.addresses_within(payload) as emails,
        coalesce(lower(trim(record ->> '$.state')), '') as state,
        coalesce(lower(trim(record ->> '$.channel')), '') as channel,
        coalesce(lower(trim(record ->> '$.event')), '') as event

    from unread

),

later as (

    select
        'orders' as entity,
        order_id as record_key,
        max(_loaded_at) as loaded_at

    from {{ source('raw_files', 'orders') }}

    group by order_id

    union all

    select
        'customers' as entity,
        customer_id as record_key,
        max(_loaded_at) as loaded_at

    from {{ source('raw_files', 'customers') }}

    group by customer_id

    union all

    select
        'email_events' as entity,
        event_id as record_key,
        max(_loaded_at) as loaded_at

    from {{ source('raw_files', 'email_events') }}

    group by event_id

),

doubtful as (

    select
        told.entity,
        told.quarantined_at,
        told.customer_id,
        told.emails

    from told

    left outer join later
        on
            told.entity = later.entity
            and told.record_key = later.record_key
            and told.quarantined_at < later.loaded_at

    where
        later.record_key is null
        and told.event not in ('sent', 'delivered', 'opened', 'clicked')
        and told.state not in ('subscribed', 'soft_opt_in')
        and not (
            told.channel in ('sms', 'phone', 'ads')
            and told.state in ('unsubscribed', 'never', 'pending')
        )

),

keyed as (

    select
        entity,
        quarantined_at,
        {{ account_key('files', 'customer_id') }} as person_key

    from doubtful

    union all

    select
        entity,
        quarantined_at,
        'email:' || unnest(emails) as person_key

    from doubtful

),

records as (

    select
        'files' as source,
        entity,
        person_key,
        max(quarantined_at) as quarantined_at

    from keyed

    where person_key is not null

    group by
        entity,
        person_key

)

select * from records
