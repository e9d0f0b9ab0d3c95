with

listed as (

    select
        customer_id,
        string_agg(
            audience, ' '
            order by audience
        ) as audiences

    from {{ ref('exp_files__list_members') }}

    group by customer_id

),

customers as (

    select * from {{ ref('customers') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

rfm as (

    select * from {{ ref('customer_rfm') }}

),

churn as (

    select * from {{ ref('customer_churn') }}

),

-- Dates and states only: a count of days would make every profile new every night.
profiles as (

    select
        listed.customer_id,
        customers.email,
        customers.first_name,
        customers.language,
        customers.city,
        customers.country,
        listed.audiences as winback_lists,
        churn.lifecycle as winback_lifecycle,
        churn.lifecycle_since as winback_lifecycle_since,
        rfm.segment as winback_rfm_segment,
        rfm.stage as winback_stage,
        activity.is_vip as winback_is_vip,
        activity.purchase_count as winback_purchase_count,
        activity.last_purchase_date as winback_last_purchase_date,
        activity.next_purchase_expected_date as winback_next_purchase_expected_date,
        churn.dormant_on as winback_dormant_on,
        activity.favourite_product_id as winback_favourite_product_id,
        activity.favourite_category as winback_favourite_category

    from listed

    inner join customers
        on listed.customer_id = customers.customer_id

    inner join activity
        on listed.customer_id = activity.customer_id

    left outer join rfm
        on listed.customer_id = rfm.customer_id

    left outer join churn
        on listed.customer_id = churn.customer_id

)

select * from profiles
