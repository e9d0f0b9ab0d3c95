-- Who is asked by a survey, for the tool that asks. The e-mail tool has the same lists.
with

programme_lists as (

    select * from {{ ref('programme_lists') }}

    where
        channel = 'email'
        and message_kind = 'survey'

),

archived as (

    select * from {{ ref('programme_archived') }}

),

permissions as (

    select * from {{ ref('int_contact_permissions') }}

    where may_be_mailed

),

listed as (

    select
        programme_lists.audience,
        programme_lists.customer_id,
        permissions.email

    from programme_lists

    inner join permissions
        on programme_lists.customer_id = permissions.customer_id

    anti join archived
        on programme_lists.customer_id = archived.customer_id

)

select * from listed
