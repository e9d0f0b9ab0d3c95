with

activity as (

    select * from {{ ref('customer_activity') }}

),

products as (

    select * from {{ ref('products') }}

    where is_available

),

candidates as (

    select
        activity.customer_id,
        'favourite_due' as programme,
        coalesce(products.product_name, products.product_id)
        || ', bought most often, should have run out on '
        || cast(activity.favourite_product_due_on as varchar) as reason

    from activity

    inner join products
        on activity.favourite_product_id = products.product_id

    where
        activity.favourite_product_due_on <= {{ as_of_date() }}
        and activity.favourite_product_due_on
        > {{ as_of_date() }} - {{ var('favourite_due_days') }}

)

select * from candidates
