-- Which products are in one basket more often than by chance. Large baskets are shops that stock
-- up: they pair everything with everything, and cost more than all others together.
with

available as (

    select product_id

    from {{ ref('int_products_described') }}

    where is_available

),

held as (

    select
        bought.basket_key,
        bought.product_id

    from {{ ref('int_products_bought') }} as bought

    inner join available
        on bought.product_id = available.product_id

    where bought.is_kept

),

-- Numbers, because pairs of texts take three times as long.
baskets as (

    select
        basket_key,
        cast(row_number() over (order by basket_key) as integer) as basket_number,
        count(*) over () as all_basket_count

    from held

    group by basket_key

    having count(*) <= {{ var('affinity_largest_basket') }}

),

products as (

    select
        held.product_id,
        cast(row_number() over (order by held.product_id) as integer) as product_number,
        count(*) as basket_count,
        any_value(baskets.all_basket_count) as all_basket_count

    from held

    inner join baskets
        on held.basket_key = baskets.basket_key

    group by held.product_id

    having count(*) >= {{ var('affinity_baskets') }}

),

numbered as (

    select
        baskets.basket_number,
        products.product_number

    from held

    inner join baskets
        on held.basket_key = baskets.basket_key

    inner join products
        on held.product_id = products.product_id

),

pairs as (

    select
        one.product_number,
        other.product_number as other_product_number,
        count(*) as together_count

    from numbered as one

    inner join numbered as other
        on
            one.basket_number = other.basket_number
            and one.product_number < other.product_number

    group by
        one.product_number,
        other.product_number

    having count(*) >= {{ var('affinity_baskets') }}

),

both_ways as (

    select
        product_number,
        other_product_number,
        together_count

    from pairs

    union all

    select
        other_product_number as product_number,
        product_number as other_product_number,
        together_count

    from pairs

),

measured as (

    select
        products.product_id,
        others.product_id as other_product_id,
        products.basket_count,
        others.basket_count as other_basket_count,
        both_ways.together_count,
        products.all_basket_count,
        both_ways.together_count / products.all_basket_count as support,
        both_ways.together_count / products.basket_count as confidence,
        both_ways.together_count
        * products.all_basket_count
        / (products.basket_count * others.basket_count) as lift

    from both_ways

    inner join products
        on both_ways.product_number = products.product_number

    inner join products as others
        on both_ways.other_product_number = others.product_number

)

select * from measured
