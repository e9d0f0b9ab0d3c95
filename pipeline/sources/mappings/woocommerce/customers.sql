-- stream: customers
with

customers as (

    select
        row_number,
        record ->> '$.id' as customer_id,
        coalesce(nullif(record ->> '$.email', ''), nullif(record ->> '$.billing.email', ''))
            as email,
        nullif(record ->> '$.first_name', '') as first_name,
        nullif(record ->> '$.last_name', '') as last_name,
        nullif(record ->> '$.billing.phone', '') as phone,
        nullif(record ->> '$.billing.country', '') as country,
        nullif(record ->> '$.billing.city', '') as city,
        (record ->> '$.date_created_gmt') || 'Z' as registered_at,
        -- Guests are not among them.
        true as has_account,
        (record ->> '$.date_modified_gmt') || 'Z' as updated_at

    from records

)

select * from customers
