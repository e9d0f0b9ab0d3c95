with

visits as (

    select
        *,
        coalesce(page_type = 'favourite', false) as is_mark

    from {{ ref('int_visits_unioned') }}

    where occurred_date <= {{ as_of_date() }}

),

keys as (

    select * from {{ ref('int_customer_keys') }}

),

products as (

    select
        product_id,
        category

    from {{ ref('int_products_described') }}

),

owned as (

    select
        keys.customer_id,
        visits.visit_key,
        visits.occurred_at,
        visits.occurred_date,
        visits.is_mark,
        visits.product_id,
        products.category

    from visits

    inner join keys
        on visits.person_key = keys.person_key

    left outer join products
        on visits.product_id = products.product_id

)

select * from owned
