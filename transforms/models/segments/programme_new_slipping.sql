-- The first 90 days belong to the welcome: whoever slips that early is left alone until then.
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
        'new_slipping' as programme,
        {{ bought_in_words('activity.purchase_count') }}
        || ', first on '
        || cast(activity.first_purchase_date as varchar)
        || ', '
        || {{ lifecycle_in_words('churn.lifecycle', 'churn.lifecycle_since') }} as reason

    from churn

    inner join activity
        on churn.customer_id = activity.customer_id

    where
        churn.lifecycle = 'slipping'
        and activity.purchase_count < {{ var('regular_purchases') }}
        and activity.tenure_days >= {{ var('new_slipping_days') }}

)

select * from candidates
