with

activity as (

    select * from {{ ref('customer_activity') }}

),

members as (

    select
        customer_id,
        'window_shoppers' as segment

    from activity

    where
        purchase_count = 0
        and visits_90d >= {{ var('window_shopper_visits') }}

)

select * from members
