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

pairs as (

    select
        account_key,
        email_key

    from links

    where
        account_key is not null
        and email_key is not null

),

accounts_of_several as (

    select account_key from pairs
    group by account_key
    having count(*) > 1

),

emails_of_several as (

    select email_key from pairs
    group by email_key
    having count(*) > 1

),

-- Most accounts have one address, and that address no other account: between them there is
-- nothing to look for, and to look for it all the same costs ten times as much.
tangled as (

    select
        account_key,
        email_key

    from pairs

    where
        account_key in (select accounts_of_several.account_key from accounts_of_several)
        or email_key in (select emails_of_several.email_key from emails_of_several)

),

-- Both ways, so that a name travels from accounts to addresses and back.
edges as (

    select
        account_key as from_key,
        email_key as to_key
    from tangled
    union
    select
        email_key as from_key,
        account_key as to_key
    from tangled

),

-- Each key takes over the smallest name among its neighbours until none changes any more.
groups (person_key, group_key) using key (person_key) as (

    select distinct
        from_key as person_key,
        from_key as group_key

    from edges

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

),

straight as (

    select
        unnest([pairs.account_key, pairs.email_key]) as person_key,
        least(pairs.account_key, pairs.email_key) as group_key

    from pairs

    anti join tangled
        on pairs.account_key = tangled.account_key

),

-- What is never named together with anything.
alone as (

    select links.account_key as person_key

    from links

    anti join pairs
        on links.account_key = pairs.account_key

    where links.email_key is null

    union all

    select links.email_key as person_key

    from links

    anti join pairs
        on links.email_key = pairs.email_key

    where links.account_key is null

),

unioned as (

    select
        person_key,
        group_key

    from groups

    union all

    select
        person_key,
        group_key

    from straight

    union all

    select
        person_key,
        person_key as group_key

    from alone

)

select * from unioned
