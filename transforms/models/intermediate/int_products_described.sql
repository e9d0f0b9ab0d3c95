-- What is known of each product: by the list of products, else by the lines that sold it.
with

-- Of a product that several sources describe the first of them by name is believed.
products as (

    select * from {{ ref('stg_contract__products') }}

    {% if chosen_bringing('products') | length > 1 -%}
    qualify
        row_number() over (
            partition by product_id
            order by source
        ) = 1
    {%- endif %}

),

orders as (

    select
        order_key,
        ordered_date

    from {{ ref('int_orders_settled') }}

),

order_lines as (

    select * from {{ ref('int_order_lines_unioned') }}

),

sold as (

    select
        order_lines.product_id,
        max(order_lines.product_name) as product_name,
        max(order_lines.category) as category,
        max(orders.ordered_date) as last_sold_date

    from order_lines

    inner join orders
        on order_lines.order_key = orders.order_key

    group by order_lines.product_id

),

described as (

    select
        coalesce(products.product_id, sold.product_id) as product_id,
        coalesce(products.product_name, sold.product_name) as product_name,
        coalesce(products.category, sold.category) as category,
        products.price,
        products.margin,
        products.url,
        products.image_url,
        products.cycle_days,
        products.season_from,
        products.season_to,
        coalesce(products.is_one_off, false) as is_one_off,
        sold.last_sold_date,
        -- A product that no list names can be bought as long as somebody did so lately.
        coalesce(
            products.is_available,
            products.product_id is not null
            or date_diff('day', sold.last_sold_date, {{ as_of_date() }})
            < {{ var('available_sold_days') }}
        ) as is_available

    from products

    full outer join sold
        on products.product_id = sold.product_id

)

select * from described
