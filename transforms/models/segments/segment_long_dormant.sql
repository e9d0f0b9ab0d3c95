with

churn as (

    select * from {{ ref('customer_churn') }}

),


members as (

    select
        customer_id,
        'long_dormant' as segment

    from churn

    where
        lifecycle = 'long_dormant'

)

select * from members
