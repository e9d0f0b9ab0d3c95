-- Whom a product or a category leads to the shop again and again. A category that most purchases
-- hold leads nobody: it is what the shop sells.
with

bought as (

    select * from {{ ref('int_products_bought') }}

    where customer_id is not null

),

purchases as (

    select
        customer_id,
        count(distinct purchase_date) as purchase_count

    from bought

    group by customer_id

),

products as (

    select
        customer_id,
        product_id,
        count(*) as product_purchase_count

    from bought

    group by
        customer_id,
        product_id

),

most_bought as (

    select
        customer_id,
        max(product_purchase_count) as product_purchase_count

    from products

    group by customer_id

),

categories as (

    select
        customer_id,
        category,
        count(distinct purchase_date) as category_purchase_count

    from bought

    where category is not null

    group by
        customer_id,
        category

),

shares as (

    select
        *,
        sum(category_purchase_count) over (partition by category)
        / (
            select sum(purchases.purchase_count)

            from purchases
        ) as shop_share

    from categories

),

most_bought_category as (

    select
        customer_id,
        max(category_purchase_count) as category_purchase_count

    from shares

    where shop_share <= {{ var('product_led_usual_share') }}

    group by customer_id

),

counted as (

    select
        purchases.customer_id,
        purchases.purchase_count,
        most_bought.product_purchase_count,
        coalesce(most_bought_category.category_purchase_count, 0) as category_purchase_count

    from purchases

    inner join most_bought
        on purchases.customer_id = most_bought.customer_id

    left outer join most_bought_category
        on purchases.customer_id = most_bought_category.customer_id

),

judged as (

    select
        *,
        greatest(product_purchase_count, category_purchase_count)
        >= {{ var('product_led_purchases') }}
        and greatest(product_purchase_count, category_purchase_count)
        >= {{ var('product_led_share') }} * purchase_count as is_product_led

    from counted

)

select * from judged
