-- The linter does not know `using key`.
-- sqlfluff:ignore:parsing
with recursive

links as (

    select
        account_key,
        'email:' || email as email_key

    from {{ ref('int_identity_links') }}

    where seen_on <= {{ as_of_date() }}

),

keys as (

    select account_key as person_key from links
    where account_key is not null
    union
    select email_key as person_key from links
    where email_key is not null

),

-- Both ways, so that a name travels from accounts to addresses and back.
edges as (

    select
        account_key as from_key,
        email_key as to_key
    from links
    where
        account_key is not null
        and email_key is not null
    union
    select
        email_key as from_key,
        account_key as to_key
    from links
    where
        account_key is not null
        and email_key is not null

),

-- Each key takes over the smallest name among its neighbours until none changes any more.
groups (person_key, group_key) using key (person_key) as (

    select
        person_key,
        person_key as group_key

    from keys

    union

    select
        edges.to_key as person_key,
        min(groups.group_key) as group_key

    from groups

    inner join edges
        on groups.person_key = edges.from_key

    inner join recurring.groups as known
        on edges.to_key = known.person_key

    where groups.group_key < known.group_key

    group by edges.to_key

)

select
    person_key,
    group_key

from groups
