with

described as (

    select * from {{ ref('int_products_described') }}

),

products as (

    select
        product_id,
        product_name,
        category,
        price,
        margin,
        url,
        image_url,
        cycle_days,
        season_from,
        season_to,
        is_one_off,
        last_sold_date,
        is_available,
        {{ as_of_date() }} as as_of_date

    from described

)

select * from products
