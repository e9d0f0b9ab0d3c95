with

activity as (

    select * from {{ ref('customer_activity') }}

),


members as (

    select
        customer_id,
        'vip' as segment

    from activity

    where
        is_vip

)

select * from members
