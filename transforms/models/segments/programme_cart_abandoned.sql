-- A cart of the as-of date counts: the run comes after that day, so it was left before today.
with

activity as (

    select * from {{ ref('customer_activity') }}

),

candidates as (

    select
        customer_id,
        'cart_abandoned' as programme,
        'left a cart on '
        || cast(abandoned_cart_date as varchar)
        || ' and has ordered nothing since' as reason

    from activity

    where
        abandoned_cart_date >= {{ as_of_date() }} - {{ var('cart_days') }}

)

select * from candidates
