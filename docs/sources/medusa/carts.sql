-- incremental: updated_at
select
    cart.id as cart_id,
    cart.customer_id,
    cart.email,
    greatest(cart.updated_at, items.updated_at) as updated_at,
    cart_line_item.product_id,
    cart_line_item.quantity,
    cart_line_item.unit_price,
    order_cart.order_id
from cart
cross join lateral (
    select max(greatest(updated_at, deleted_at)) as updated_at
    from cart_line_item
    where cart_id = cart.id
) as items
left join cart_line_item
    on cart.id = cart_line_item.cart_id and cart_line_item.deleted_at is null
left join order_cart
    on cart.id = order_cart.cart_id and order_cart.deleted_at is null
where
    cart.deleted_at is null
    and coalesce(cart.customer_id, cart.email) is not null
