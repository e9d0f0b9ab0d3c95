-- stream: members
with

members as (

    select
        row_number,
        record ->> '$.id' as member_id,
        record ->> '$.contact_id' as contact_id,
        record

    from records

),

mapped as (

    select
        row_number,
        -- The member's own number is made of the address and changes with it.
        coalesce(contact_id, member_id) as customer_id,
        record ->> '$.email_address' as email,
        nullif(record ->> '$.merge_fields.FNAME', '') as first_name,
        nullif(record ->> '$.merge_fields.LNAME', '') as last_name,
        nullif(record ->> '$.merge_fields.PHONE', '') as phone,
        nullif(record ->> '$.language', '') as language,
        nullif(record ->> '$.location.country_code', '') as country,
        coalesce(
            nullif(record ->> '$.timestamp_signup', ''), nullif(record ->> '$.timestamp_opt', '')
        ) as registered_at,
        -- A member is a contact. Without updated_at what the shop knows goes first.
        false as has_account

    from members

)

select * from mapped
