with

members as (

    select customer_id from {{ ref('segment_passive_regulars') }}

),

churn as (

    select * from {{ ref('customer_churn') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

candidates as (

    select
        members.customer_id,
        'passive_regulars' as programme,
        {{ bought_in_words('activity.purchase_count') }}
        || ', '
        || {{ lifecycle_in_words('churn.lifecycle', 'churn.lifecycle_since') }} as reason

    from members

    inner join churn
        on members.customer_id = churn.customer_id

    inner join activity
        on members.customer_id = activity.customer_id

)

select * from candidates
