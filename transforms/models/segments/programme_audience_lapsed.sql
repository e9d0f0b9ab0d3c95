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
        'audience_lapsed' as programme,
        {{ bought_in_words('activity.purchase_count') }}
        || ', '
        || {{ lifecycle_in_words('churn.lifecycle', 'churn.lifecycle_since') }} as reason

    from churn

    inner join activity
        on churn.customer_id = activity.customer_id

    where
        churn.lifecycle in ('dormant', 'long_dormant', 'lost')

)

select * from candidates
