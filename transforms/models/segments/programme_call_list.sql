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
        'call_list' as programme,
        case when activity.is_vip then 'VIP' else 'value band ' || churn.value_band end
        || ', '
        || {{ lifecycle_in_words('churn.lifecycle', 'churn.lifecycle_since') }}
        || case
            when activity.is_unhappy then ', unhappy: ' || activity.unhappy_reason else ''
        end as reason

    from churn

    inner join activity
        on churn.customer_id = activity.customer_id

    where
        (
            (activity.is_vip or churn.value_band = 'top')
            and churn.lifecycle in ('slipping', 'dormant')
        )
        or (activity.is_unhappy and churn.value_band in ('top', 'high'))

)

select * from candidates
