-- stream: customers
with

customers as (

    select
        row_number,
        record ->> '$.legacyResourceId' as customer_id,
        record ->> '$.defaultEmailAddress.emailAddress' as email,
        record ->> '$.firstName' as first_name,
        record ->> '$.lastName' as last_name,
        record ->> '$.defaultPhoneNumber.phoneNumber' as phone,
        split_part(record ->> '$.locale', '-', 1) as language,
        record ->> '$.defaultAddress.countryCodeV2' as country,
        record ->> '$.defaultAddress.city' as city,
        record ->> '$.createdAt' as registered_at,
        -- Everybody who buys is a customer to Shopify; of an account it only tells for sure that
        -- one was opened the classic way.
        case when (record ->> '$.state') = 'ENABLED' then true end as has_account,
        record ->> '$.updatedAt' as updated_at

    from records

)

select * from customers
