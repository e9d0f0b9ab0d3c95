with

activity as (

    select * from {{ ref('customer_activity') }}

),

members as (

    select
        customer_id,
        'unhappy' as segment

    from activity

    where
        is_unhappy

)

select * from members
