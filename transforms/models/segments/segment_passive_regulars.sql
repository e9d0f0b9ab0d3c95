with

churn as (

    select * from {{ ref('customer_churn') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

members as (

    select
        churn.customer_id,
        'passive_regulars' as segment

    from churn

    inner join activity
        on churn.customer_id = activity.customer_id

    where
        activity.purchase_count >= {{ var('regular_purchases') }}
        and not activity.is_vip
        and churn.lifecycle in ('dormant', 'long_dormant')

)

select * from members
