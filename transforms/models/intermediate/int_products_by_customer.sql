-- What each customer's purchases held, product by product.
with

bought as (

    select * from {{ ref('int_products_bought') }}

    where customer_id is not null

),

summed as (

    select
        customer_id,
        product_id,
        count(*) as purchase_count,
        sum(amount) as amount,
        sum(amount) filter (where is_last) as last_purchase_amount

    from bought

    group by
        customer_id,
        product_id

),

favourites as (

    select
        customer_id,
        -- Most often bought, then most spent on, then by id.
        arg_min(
            product_id,
            {'times': -purchase_count, 'amount': -amount, 'product': product_id}
        ) as favourite_product_id,
        -- The dearest of the last basket.
        arg_min(
            product_id,
            {'amount': -last_purchase_amount, 'product': product_id}
        ) filter (where last_purchase_amount is not null) as last_product_id

    from summed

    group by customer_id

)

select * from favourites
