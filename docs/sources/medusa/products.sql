-- Read whole each time: prices and categories change without touching the product.
select
    product.id as product_id,
    product.title as name,
    categories.name as category,
    prices.amount as price,
    product.thumbnail as image_url,
    product.status = 'published' and product.deleted_at is null as is_available
from product
cross join lateral (
    select min(product_category.name) as name
    from product_category_product
    inner join product_category
        on product_category_product.product_category_id = product_category.id
    where product_category_product.product_id = product.id and product_category.deleted_at is null
) as categories
-- The lowest ordinary price in the shop's first currency.
cross join lateral (
    select min(price.amount) as amount
    from product_variant
    inner join product_variant_price_set
        on product_variant.id = product_variant_price_set.variant_id
    inner join price
        on product_variant_price_set.price_set_id = price.price_set_id
    inner join store_currency
        on price.currency_code = store_currency.currency_code
    where
        product_variant.product_id = product.id
        and product_variant.deleted_at is null
        and price.deleted_at is null
        and price.price_list_id is null
        and price.rules_count = 0
        and store_currency.is_default
        and store_currency.deleted_at is null
) as prices
order by product.id
