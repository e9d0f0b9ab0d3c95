with

activity as (

    select * from {{ ref('customer_activity') }}

),

members as (

    select
        customer_id,
        'like_to_be_remembered' as segment

    from activity

    where
        is_buying_when_reminded

)

select * from members
