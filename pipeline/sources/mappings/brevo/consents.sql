-- stream: contacts
with

contacts as (

    select
        row_number,
        record ->> '$.id' as customer_id,
        record ->> '$.email' as email,
        (record ->> '$.emailBlacklisted') = 'true' as is_blocked,
        (record ->> '$.smsBlacklisted') = 'true' as is_blocked_for_sms,
        coalesce(json_array_length(record -> '$.listIds'), 0)
        - coalesce(json_array_length(record -> '$.ownListIds'), 0) as list_count,
        record ->> '$.createdAt' as created_at,
        record ->> '$.modifiedAt' as modified_at

    from records

),

-- Brevo knows no yes, only that nobody said no. Who stands on a list is mailed by it, so that is a
-- yes of the day on which the contact was made: any no that is told elsewhere is later. Lists of
-- ours are no such thing.
by_mail as (

    select
        row_number,
        customer_id,
        email,
        'email' as channel,
        case when is_blocked then 'unsubscribed' else 'subscribed' end as state,
        case when is_blocked then modified_at else created_at end as at

    from contacts

    where is_blocked or list_count > 0

),

by_sms as (

    select
        row_number,
        customer_id,
        email,
        'sms' as channel,
        'unsubscribed' as state,
        modified_at as at

    from contacts

    where is_blocked_for_sms

),

unioned as (

    select * from by_mail
    union all
    select * from by_sms

)

select
    *,
    'brevo' as source

from unioned
