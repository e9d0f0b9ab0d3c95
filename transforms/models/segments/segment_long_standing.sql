with

activity as (

    select * from {{ ref('customer_activity') }}

),

members as (

    select
        customer_id,
        'long_standing' as segment

    from activity

    where
        tenure_days >= {{ var('long_standing_days') }}

)

select * from members
