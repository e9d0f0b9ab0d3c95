with

online_retail as (

    select * from {{ ref('stg_online_retail__order_lines') }}

),

files as (

    select * exclude (discount, file_id) from {{ ref('stg_contract__order_lines') }}

),

unioned as (

    select * from online_retail
    union all by name
    select * from files

),

-- Equal products of one order are one row: that is what a basket holds.
summed as (

    select
        source,
        source || ':' || order_id as order_key,
        product_id,
        max(product_name) as product_name,
        max(category) as category,
        sum(quantity) as quantity,
        sum(amount) as amount

    from unioned

    where quantity > 0

    group by source, order_id, product_id

),

products as (

    select * from {{ ref('stg_contract__products') }}

),

-- What the line does not say of its product the list of products may.
named as (

    select
        summed.order_key,
        summed.product_id,
        coalesce(summed.product_name, products.product_name) as product_name,
        coalesce(summed.category, products.category) as category,
        summed.quantity,
        summed.amount

    from summed

    left outer join products
        on
            summed.source = products.source
            and summed.product_id = products.product_id

)

select * from named
