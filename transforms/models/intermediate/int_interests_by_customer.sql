with

waiting as (

    select
        customer_id,
        arg_max(product_id, {'marked': marked_date, 'product': product_id})
            as waiting_favourite_product_id,
        max(marked_date) as waiting_favourite_marked_date

    from {{ ref('int_favourites_waiting') }}

    where marked_date <= {{ as_of_date() }} - {{ var('favourite_waiting_days') }}

    group by customer_id

),

browsed as (

    select
        customer_id,
        arg_min(category, {'views': -view_count, 'category': category}) as browsed_category,
        max(view_count) as browsed_category_view_count,
        arg_min(last_viewed_date, {'views': -view_count, 'category': category})
            as browsed_category_last_date

    from {{ ref('int_categories_browsed') }}

    group by customer_id

),

interests as (

    select
        coalesce(waiting.customer_id, browsed.customer_id) as customer_id,
        waiting.waiting_favourite_product_id,
        waiting.waiting_favourite_marked_date,
        browsed.browsed_category,
        coalesce(browsed.browsed_category_view_count, 0) as browsed_category_view_count,
        browsed.browsed_category_last_date

    from waiting

    full outer join browsed
        on waiting.customer_id = browsed.customer_id

)

select * from interests
