with

activity as (

    select * from {{ ref('customer_activity') }}

),

candidates as (

    select
        customer_id,
        'survey_recent' as programme,
        'bought last on ' || cast(last_purchase_date as varchar) as reason

    from activity

    where
        days_since_last_purchase >= {{ var('survey_recent_from_days') }}
        and days_since_last_purchase <= {{ var('survey_recent_until_days') }}

)

select * from candidates
