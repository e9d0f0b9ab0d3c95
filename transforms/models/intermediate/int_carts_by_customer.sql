with

carts as (

    select * from {{ ref('int_carts_owned') }}

),

left_behind as (

    select * from {{ ref('int_products_left_behind') }}

),

orders as (

    select
        customer_id,
        max(ordered_date) as last_ordered_date

    from {{ ref('int_orders_settled') }}

    where customer_id is not null

    group by customer_id

),

ages as (

    select
        customer_id,
        cart_key,
        is_abandoned,
        max(updated_date) as last_cart_date,
        date_diff('day', max(updated_date), {{ as_of_date() }}) as age

    from carts

    group by
        customer_id,
        cart_key,
        is_abandoned

),

summed as (

    select
        ages.customer_id,
        {% for days in (30, 90, 365) -%}
        count(*) filter (where ages.age < {{ days }}) as carts_{{ days }}d,
        count(*) filter (where ages.age < {{ days }} and ages.is_abandoned)
            as abandoned_carts_{{ days }}d,
        {% endfor -%}
        max(ages.last_cart_date) as last_cart_date,
        -- An order of that day or later may be what came of it, though the cart does not say so.
        max(ages.last_cart_date) filter (
            where
            ages.is_abandoned
            and coalesce(ages.last_cart_date > orders.last_ordered_date, true)
        ) as abandoned_cart_date

    from ages

    left outer join orders
        on ages.customer_id = orders.customer_id

    group by ages.customer_id

),

last_carted as (

    select
        customer_id,
        arg_max(product_id, {'at': left_at, 'product': product_id}) as last_carted_product_id

    from left_behind

    group by customer_id

),

joined as (

    select
        summed.customer_id,
        {% for days in (30, 90, 365) -%}
        summed.carts_{{ days }}d,
        summed.abandoned_carts_{{ days }}d,
        {% endfor -%}
        summed.last_cart_date,
        summed.abandoned_cart_date,
        last_carted.last_carted_product_id

    from summed

    left outer join last_carted
        on summed.customer_id = last_carted.customer_id

)

select * from joined
