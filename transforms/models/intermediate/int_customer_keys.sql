with

grouped as (

    select * from {{ ref('int_identity_groups') }}

),

given as (

    select * from {{ ref('customer_ids') }}

),

salt as (

    select value as salt from {{ source('sync', 'settings') }}

    where name = 'identity_salt'

),

in_ledger as (

    select distinct customer_id from {{ source('sync', 'ledger') }}
    union
    select distinct customer_id from {{ source('sync', 'enrolments') }}

),

-- On a day before two keys became one person, both may bear the one id: the smaller key keeps it.
owned as (

    select
        grouped.group_key,
        given.customer_id,
        row_number() over (
            partition by given.customer_id
            order by grouped.group_key
        ) as claim

    from grouped

    inner join given
        on grouped.person_key = given.key

    group by
        grouped.group_key,
        given.customer_id

),

-- Of several ids of one person that with ledger rows stands, else the smallest.
standing as (

    select
        owned.group_key,
        arg_min(
            owned.customer_id,
            {
                'rank': case when in_ledger.customer_id is null then 1 else 0 end,
                'id': owned.customer_id
            }
        ) as customer_id

    from owned

    left outer join in_ledger
        on owned.customer_id = in_ledger.customer_id

    where owned.claim = 1

    group by owned.group_key

),

keyed as (

    select
        grouped.person_key,
        grouped.group_key,
        coalesce(
            standing.customer_id,
            'c' || left(md5(salt.salt || '|' || grouped.group_key), 20)
        ) as customer_id

    from grouped

    cross join salt

    left outer join standing
        on grouped.group_key = standing.group_key

)

select * from keyed
