-- Controls are on no list of the quiet, so that nobody writes to them from there; whom no marketing
-- goes to is on one list alone, which others are to leave out.
with

members as (

    select * from {{ ref('segment_members') }}

),

segments as (

    select * from {{ ref('segments') }}

    where is_exported

),

programme_lists as (

    select * from {{ ref('exp_email__programme_members') }}

),

held as (

    select distinct customer_id from {{ ref('programme_holds') }}

),

archived as (

    select * from {{ ref('programme_archived') }}

),

permissions as (

    select * from {{ ref('int_contact_permissions') }}

    where may_be_mailed

),

of_segments as (

    select
        'winback_' || members.segment as audience,
        members.customer_id

    from members

    inner join segments
        on members.segment = segments.segment

    left outer join held
        on
            members.customer_id = held.customer_id
            and segments.is_quiet

    where held.customer_id is null

),

marketing as (

    select * from of_segments

    union all

    select
        audience,
        customer_id
    from programme_lists

),

unioned as (

    select
        marketing.audience,
        marketing.customer_id
    from marketing
    anti join archived
        on marketing.customer_id = archived.customer_id

    union all

    select
        'winback_hold' as audience,
        customer_id
    from held

    union all

    select
        'winback_archived' as audience,
        customer_id
    from archived

),

listed as (

    select
        unioned.audience,
        unioned.customer_id,
        permissions.email

    from unioned

    inner join permissions
        on unioned.customer_id = permissions.customer_id

)

select * from listed
