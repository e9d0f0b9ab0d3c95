-- Whom advertising is to reach, and whom it is to leave out: who has just bought needs none, and to
-- the archived no marketing goes. Who said no to advertising has no profile and is in neither.
with

programme_lists as (

    select * from {{ ref('programme_lists') }}

    where channel = 'ads'

),

archived as (

    select * from {{ ref('programme_archived') }}

),

recent_buyers as (

    select customer_id

    from {{ ref('customer_activity') }}

    where last_purchase_date > {{ as_of_date() }} - {{ var('exclude_recent_buyers_days') }}

),

profiles as (

    select * from {{ ref('exp_audiences__profiles') }}

),

unioned as (

    select
        programme_lists.audience,
        programme_lists.customer_id
    from programme_lists
    anti join archived
        on programme_lists.customer_id = archived.customer_id

    union all

    select
        'winback_exclude_recent_buyers' as audience,
        customer_id
    from recent_buyers

    union all

    select
        'winback_exclude_archived' as audience,
        customer_id
    from archived

),

listed as (

    select
        unioned.audience,
        unioned.customer_id

    from unioned

    inner join profiles
        on unioned.customer_id = profiles.customer_id

)

select * from listed
