-- stream: contacts
with

contacts as (

    select
        row_number,
        record ->> '$.id' as contact_id,
        record ->> '$.email' as email,
        record ->> '$.createdAt' as created_at,
        record -> '$.attributes' as attributes

    from records

),

mapped as (

    select
        row_number,
        contact_id as customer_id,
        email,
        -- Attributes are named by the account; these are there from the start, in two languages.
        coalesce(attributes ->> '$.FIRSTNAME', attributes ->> '$.PRENOM') as first_name,
        coalesce(attributes ->> '$.LASTNAME', attributes ->> '$.NOM') as last_name,
        attributes ->> '$.SMS' as phone,
        created_at as registered_at,
        -- A contact. Without updated_at what the shop knows goes first.
        false as has_account

    from contacts

)

select * from mapped
