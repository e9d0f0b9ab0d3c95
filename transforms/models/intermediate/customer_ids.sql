{{
    config(
        schema="sync",
        materialized="incremental",
        incremental_strategy="append",
        full_refresh=false,
        pre_hook=[
            "insert into sync.settings
            select 'identity_salt', md5(cast(sum(cast(md5_number_lower(person_key) as hugeint))
                as varchar))
            from {{ ref('int_identity_groups') }}
            where not exists (select 1 from sync.settings where name = 'identity_salt')
            having count(*) > 0",
        ],
    )
}}

with

grouped as (

    select * from {{ ref('int_identity_groups') }}

),

salt as (

    select value as salt from {{ source('sync', 'settings') }}

    where name = 'identity_salt'

),

known as (

    {% if is_incremental() -%}
    select
        key,
        customer_id

    from {{ this }}
    {%- else -%}
    select
        cast(null as varchar) as key,
        cast(null as varchar) as customer_id

    where false
    {%- endif %}

),

known_by_group as (

    select
        grouped.group_key,
        min(known.customer_id) as customer_id

    from grouped

    inner join known
        on grouped.person_key = known.key

    group by grouped.group_key

),

-- A person who is new gets an id from the smallest key, salted so that nobody can find an address
-- by hashing it; a new key of a known person gets an id of that person.
given as (

    select
        grouped.person_key as key,
        coalesce(
            known_by_group.customer_id,
            'c' || left(md5(salt.salt || '|' || grouped.group_key), 20)
        ) as customer_id,
        {{ as_of_date() }} as first_seen

    from grouped

    cross join salt

    left outer join known_by_group
        on grouped.group_key = known_by_group.group_key

    where
        not exists (
            select 1
            from known
            where known.key = grouped.person_key
        )

)

select * from given
