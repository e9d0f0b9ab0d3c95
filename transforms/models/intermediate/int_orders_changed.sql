-- Orders that may stand otherwise than in the last build: something arrived of them, they or what
-- was given back are of a later day, or they go to somebody else.
with

arrived as (

    select distinct source || ':' || order_id as order_key

    from {{ ref('stg_contract__orders_changed') }}

),

ordered_since as (

    select order_key from {{ ref('int_orders_unioned') }}

    where ordered_date > {{ last_built_day() }}

),

refunded_since as (

    select order_key from {{ ref('int_refunds_unioned') }}

    where
        refunded_date > {{ last_built_day() }}
        and order_key is not null

),

changed_keys as (

    select person_key from {{ ref('int_customer_ids_kept') }}

    where changed_after_file_id = {{ last_built_file() }}

),

of_others as (

    select orders.order_key

    from {{ ref('int_orders_unioned') }} as orders

    semi join changed_keys
        on orders.person_key = changed_keys.person_key

),

changed as (

    select * from arrived
    union
    select * from ordered_since
    union
    select * from refunded_since
    union
    select * from of_others

)

select * from changed

-- After no build all of them may, and nobody asks.
where {{ "true" if var("last_build") else "false" }}
