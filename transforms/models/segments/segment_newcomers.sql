with

activity as (

    select * from {{ ref('customer_activity') }}

),

members as (

    select
        customer_id,
        'newcomers' as segment

    from activity

    where
        tenure_days < {{ var('newcomer_days') }}

)

select * from members
