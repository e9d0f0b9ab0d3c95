-- stream: profiles
with

profiles as (

    select
        row_number,
        record ->> '$.id' as profile_id,
        record -> '$.attributes' as attributes

    from records

),

mapped as (

    select
        row_number,
        profile_id as customer_id,
        attributes ->> '$.email' as email,
        attributes ->> '$.first_name' as first_name,
        attributes ->> '$.last_name' as last_name,
        attributes ->> '$.phone_number' as phone,
        split_part(attributes ->> '$.locale', '-', 1) as language,
        attributes ->> '$.location.country' as country,
        attributes ->> '$.location.city' as city,
        attributes ->> '$.created' as registered_at,
        -- A profile is a contact, whether or not the shop has an account for it.
        false as has_account
        -- No updated_at: every event touches a profile, so it would always be newer than what the
        -- shop itself knows of the person. Without it profiles fill in only what the shop left out.

    from profiles

)

select * from mapped
