-- Whoever has bought of a category has found what he looked for: looking begins anew after it.
with

views as (

    select
        customer_id,
        category,
        occurred_date

    from {{ ref('int_visits_owned') }}

    where
        category is not null
        and not is_mark
        and occurred_date > {{ as_of_date() }} - {{ var('browse_days') }}

),

products as (

    select
        product_id,
        category

    from {{ ref('int_products_described') }}

),

bought as (

    select
        bought.customer_id,
        products.category,
        max(bought.purchase_date) as last_purchase_date

    from {{ ref('int_products_bought') }} as bought

    inner join products
        on bought.product_id = products.product_id

    where bought.purchase_date > {{ as_of_date() }} - {{ var('browse_days') }}

    group by
        bought.customer_id,
        products.category

),

browsed as (

    select
        views.customer_id,
        views.category,
        count(*) as view_count,
        max(views.occurred_date) as last_viewed_date

    from views

    left outer join bought
        on
            views.customer_id = bought.customer_id
            and views.category = bought.category

    where coalesce(views.occurred_date > bought.last_purchase_date, true)

    group by
        views.customer_id,
        views.category

)

select * from browsed
