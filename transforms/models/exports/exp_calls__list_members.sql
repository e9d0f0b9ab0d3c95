-- Who is to be called, as the ladders of programmes by telephone have it. Whom no marketing goes to
-- is not called either.
with

programme_lists as (

    select * from {{ ref('programme_lists') }}

    where channel = 'phone'

),

archived as (

    select * from {{ ref('programme_archived') }}

),

permissions as (

    select * from {{ ref('int_channel_permissions') }}

    where
        channel = 'phone'
        and may_be_contacted
        -- What stands in the place of a number is not always one.
        and regexp_full_match(address, '\D*(\d\D*){5,}')

),

listed as (

    select
        programme_lists.audience,
        programme_lists.customer_id,
        permissions.address as phone

    from programme_lists

    inner join permissions
        on programme_lists.customer_id = permissions.customer_id

    anti join archived
        on programme_lists.customer_id = archived.customer_id

)

select * from listed
