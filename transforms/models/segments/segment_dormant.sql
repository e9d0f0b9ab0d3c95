with

churn as (

    select * from {{ ref('customer_churn') }}

),


members as (

    select
        customer_id,
        'dormant' as segment

    from churn

    where
        lifecycle = 'dormant'

)

select * from members
