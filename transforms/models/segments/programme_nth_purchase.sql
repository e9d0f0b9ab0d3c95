with

activity as (

    select * from {{ ref('customer_activity') }}

),

candidates as (

    select
        customer_id,
        'nth_purchase' as programme,
        'purchase number '
        || cast(purchase_count as varchar)
        || ' on '
        || cast(last_purchase_date as varchar) as reason

    from activity

    where
        purchase_count in ({{ var('nth_purchases') | join(', ') }})
        and days_since_last_purchase < {{ var('nth_purchase_days') }}

)

select * from candidates
