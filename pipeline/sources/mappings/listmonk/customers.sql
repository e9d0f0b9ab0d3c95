-- stream: subscribers
with

mapped as (

    select
        row_number,
        record ->> '$.uuid' as customer_id,
        record ->> '$.email' as email,
        -- The one name that listmonk has is a whole name, or made of the address.
        record ->> '$.attribs.first_name' as first_name,
        record ->> '$.attribs.last_name' as last_name,
        record ->> '$.attribs.country' as country,
        record ->> '$.attribs.city' as city,
        record ->> '$.created_at' as registered_at,
        -- A contact. Without updated_at what the shop knows goes first.
        false as has_account

    from records

)

select * from mapped
