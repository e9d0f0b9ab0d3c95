with

activity as (

    select * from {{ ref('customer_activity') }}

),

members as (

    select
        customer_id,
        'one_time_buyers' as segment

    from activity

    where
        purchase_count = 1

)

select * from members
