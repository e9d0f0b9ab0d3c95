with

churn as (

    select * from {{ ref('customer_churn') }}

),


members as (

    select
        customer_id,
        'slipping' as segment

    from churn

    where
        lifecycle = 'slipping'

)

select * from members
