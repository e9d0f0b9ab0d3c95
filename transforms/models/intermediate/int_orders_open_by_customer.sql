-- Orders that speak against selling to somebody just now, by everything loaded: those that wait for
-- payment, those that were paid lately and may still be on their way, and those of days to come.
with

orders as (

    select
        person_key,
        email,
        ordered_date,
        status

    from {{ ref('int_orders_unioned') }}

    where
        not is_test
        and (
            (status = 'pending')
            or (
                status = 'paid' and ordered_date > {{ as_of_date() }} - {{ var('open_order_days') }}
            )
        )

),

keys as (

    select * from {{ ref('int_customer_keys') }}

),

-- An account that is newer than the as-of date leads to a person by its address.
named as (

    select
        person_key,
        ordered_date,
        status
    from orders

    union all

    select
        'email:' || email as person_key,
        ordered_date,
        status
    from orders
    where email is not null

),

summed as (

    select
        keys.customer_id,
        max(named.ordered_date) as last_open_order_date,
        coalesce(bool_or(named.status = 'pending'), false) as has_pending_order

    from named

    inner join keys
        on named.person_key = keys.person_key

    group by keys.customer_id

)

select * from summed
