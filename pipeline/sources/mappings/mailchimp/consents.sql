-- stream: members
with

members as (

    select
        row_number,
        coalesce(record ->> '$.contact_id', record ->> '$.id') as customer_id,
        record ->> '$.email_address' as email,
        record ->> '$.status' as status,
        nullif(record ->> '$.timestamp_opt', '') as opted_at,
        nullif(record ->> '$.timestamp_signup', '') as signed_up_at,
        record ->> '$.last_changed' as changed_at

    from records

    -- That an address bounces is no word of the person (email_events__cleaned.sql).
    where (record ->> '$.status') <> 'cleaned'

),

mapped as (

    select
        row_number,
        customer_id,
        email,
        'email' as channel,
        case status
            when 'transactional' then 'never'
            -- Put away by the shop: not mailed, and nobody tells whether the person said no.
            when 'archived' then 'unsubscribed'
            -- One that nobody knows yet goes to quarantine and keeps the person off every list.
            else status
        end as state,
        -- A yes counts from the day on which it was given; anything else from the last change.
        case
            when status = 'subscribed' then coalesce(opted_at, signed_up_at, changed_at)
            else changed_at
        end as at,
        'mailchimp' as source

    from members

)

select * from mapped
