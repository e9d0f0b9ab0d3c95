-- stream: customers
with

customers as (

    select
        row_number,
        record ->> '$.legacyResourceId' as customer_id,
        record ->> '$.createdAt' as created_at,
        record ->> '$.updatedAt' as updated_at,
        record ->> '$.defaultEmailAddress.emailAddress' as email,
        record -> '$.defaultEmailAddress' as email_consent,
        record ->> '$.emailMarketingConsent.marketingState' as former_state,
        record -> '$.defaultPhoneNumber' as sms_consent

    from records

),

told as (

    select
        row_number,
        customer_id,
        email,
        'email' as channel,
        -- Who was erased has no address left; only the older field still says so.
        case
            when former_state = 'REDACTED' then former_state
            else email_consent ->> '$.marketingState'
        end as state,
        email_consent ->> '$.marketingUpdatedAt' as changed_at,
        created_at,
        updated_at

    from customers

    union all

    select
        row_number,
        customer_id,
        email,
        'sms' as channel,
        sms_consent ->> '$.marketingState' as state,
        sms_consent ->> '$.marketingUpdatedAt' as changed_at,
        created_at,
        updated_at

    from customers

),

mapped as (

    select
        row_number,
        customer_id,
        email,
        channel,
        case state
            when 'NOT_SUBSCRIBED' then 'never'
            -- An address that cannot be one agrees to nothing.
            when 'INVALID' then 'never'
            -- One that nobody knows yet goes to quarantine and keeps the person off every list.
            else lower(state)
        end as state,
        coalesce(
            changed_at,
            -- A no without a date lasts as long as it can, anything else as short.
            case when state in ('UNSUBSCRIBED', 'REDACTED') then updated_at end,
            created_at
        ) as at,
        'shopify' as source

    from told

    where state is not null

)

select * from mapped
