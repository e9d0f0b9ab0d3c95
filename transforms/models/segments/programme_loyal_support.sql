with

churn as (

    select * from {{ ref('customer_churn') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

candidates as (

    select
        churn.customer_id,
        'loyal_support' as programme,
        'VIP, '
        || {{ bought_in_words('activity.purchase_count') }}
        || ', '
        || {{ lifecycle_in_words('churn.lifecycle', 'churn.lifecycle_since') }} as reason

    from churn

    inner join activity
        on churn.customer_id = activity.customer_id

    where
        activity.is_vip
        and activity.purchase_count >= {{ var('regular_purchases') }}
        and churn.lifecycle = 'active'

)

select * from candidates
