with

owned as (

    select
        *,
        date_diff('day', occurred_date, {{ as_of_date() }}) as age

    from {{ ref('int_visits_owned') }}

),

summed as (

    select
        customer_id,
        {% for days in (30, 90, 365) -%}
        count(distinct visit_key) filter (where age < {{ days }}) as visits_{{ days }}d,
        {% endfor -%}
        count(*) filter (where age < 90 and product_id is not null and not is_mark)
            as product_views_90d,
        count(distinct product_id) filter (where is_mark) as favourite_count,
        max(occurred_date) as last_visit_date,
        arg_max(product_id, {'at': occurred_at, 'product': product_id}) filter (
            where product_id is not null
        ) as last_seen_product_id,
        arg_max(product_id, {'at': occurred_at, 'product': product_id}) filter (
            where product_id is not null and is_mark
        ) as last_marked_product_id,
        max(occurred_date) filter (where product_id is not null and is_mark) as last_marked_date

    from owned

    group by customer_id

),

viewed as (

    select
        customer_id,
        category,
        count(*) as view_count

    from owned

    where
        age < 90
        and category is not null

    group by
        customer_id,
        category

),

most_viewed as (

    select
        customer_id,
        arg_min(category, {'views': -view_count, 'category': category}) as most_viewed_category,
        max(view_count) as most_viewed_category_views_90d

    from viewed

    group by customer_id

),

joined as (

    select
        summed.customer_id,
        {% for days in (30, 90, 365) -%}
        summed.visits_{{ days }}d,
        {% endfor -%}
        summed.product_views_90d,
        summed.favourite_count,
        summed.last_visit_date,
        summed.last_seen_product_id,
        summed.last_marked_product_id,
        summed.last_marked_date,
        most_viewed.most_viewed_category,
        coalesce(most_viewed.most_viewed_category_views_90d, 0)
            as most_viewed_category_views_90d

    from summed

    left outer join most_viewed
        on summed.customer_id = most_viewed.customer_id

)

select * from joined
