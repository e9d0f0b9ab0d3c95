with

churn as (

    select * from {{ ref('customer_churn') }}

),


members as (

    select
        customer_id,
        'new' as segment

    from churn

    where
        lifecycle = 'new'

)

select * from members
