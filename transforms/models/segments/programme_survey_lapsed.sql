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
        'survey_lapsed' as programme,
        {{ bought_in_words('activity.purchase_count') }}
        || ', '
        || {{ lifecycle_in_words('churn.lifecycle', 'churn.lifecycle_since') }} as reason

    from churn

    inner join activity
        on churn.customer_id = activity.customer_id

    where
        churn.lifecycle = 'dormant'
        and churn.dormant_on < {{ as_of_date() }}
        and churn.dormant_on >= {{ as_of_date() }} - {{ var('survey_lapsed_days') }}

)

select * from candidates
