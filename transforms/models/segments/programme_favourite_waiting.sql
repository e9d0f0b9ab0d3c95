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
        'favourite_waiting' as programme,
        'marked '
        || coalesce(products.product_name, products.product_id)
        || ' on '
        || cast(activity.waiting_favourite_marked_date as varchar)
        || ' and has not bought it' as reason

    from activity

    inner join products
        on activity.waiting_favourite_product_id = products.product_id

    where
        activity.waiting_favourite_marked_date
        >= {{ as_of_date() }} - {{ var('favourite_waiting_until_days') }}

)

select * from candidates
