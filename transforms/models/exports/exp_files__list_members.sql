with

members as (

    select * from {{ ref('segment_members') }}

),

segments as (

    select * from {{ ref('segments') }}

    where is_exported

),

permissions as (

    select * from {{ ref('int_contact_permissions') }}

    where may_be_mailed

),

listed as (

    select
        'winback_' || members.segment as audience,
        members.customer_id,
        permissions.email

    from members

    inner join segments
        on members.segment = segments.segment

    inner join permissions
        on members.customer_id = permissions.customer_id

)

select * from listed
