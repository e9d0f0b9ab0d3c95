-- Whose each cart is, and whether an order has come of it.
with

carts as (

    select * from {{ ref('int_carts_unioned') }}

    where updated_date <= {{ as_of_date() }}

),

keys as (

    select * from {{ ref('int_customer_keys') }}

),

owned as (

    select
        keys.customer_id,
        carts.cart_key,
        carts.updated_at,
        carts.updated_date,
        carts.product_id,
        max(carts.order_key) over (
            partition by
                keys.customer_id,
                carts.cart_key
        ) is null as is_abandoned

    from carts

    inner join keys
        on carts.person_key = keys.person_key

)

select * from owned
