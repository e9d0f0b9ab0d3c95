with

given as (

    select * from {{ ref('customer_ids') }}

),

keys as (

    select * from {{ ref('int_customer_keys') }}

),

-- The id's own person is the one whose smallest key bears it; all its keys lead to one person
-- except on days before they met.
aliases as (

    select
        given.customer_id,
        arg_min(keys.customer_id, keys.group_key) as current_customer_id

    from given

    inner join keys
        on given.key = keys.person_key

    group by given.customer_id

),

-- Where a person was split in two, one half has an id that was never given to a key.
with_new as (

    select
        customer_id,
        current_customer_id

    from aliases

    union

    select
        customer_id,
        customer_id as current_customer_id

    from keys

    where customer_id not in (select aliases.customer_id from aliases)

)

select * from with_new
