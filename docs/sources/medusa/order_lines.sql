-- incremental: updated_at
select
    "order".id as order_id,
    order_line_item.id as line_id,
    coalesce(order_line_item.product_id, order_line_item.variant_sku, order_line_item.title)
        as product_id,
    coalesce(order_line_item.product_title, order_line_item.title) as product_name,
    categories.name as category,
    order_item.quantity,
    round(
        coalesce(order_item.unit_price, order_line_item.unit_price)
        / (1 + case when order_line_item.is_tax_inclusive then tax.rate else 0 end),
        4
    ) as unit_price,
    round(discounts.amount, 4) as discount,
    greatest("order".updated_at, payments.changed_at) as updated_at
from "order"
inner join order_item
    on "order".id = order_item.order_id and "order".version = order_item.version
inner join order_line_item
    on order_item.item_id = order_line_item.id
cross join lateral (
    select coalesce(sum(rate), 0) / 100 as rate
    from order_line_item_tax_line
    where item_id = order_item.item_id and deleted_at is null
) as tax
cross join lateral (
    select coalesce(sum(amount / (1 + case when is_tax_inclusive then tax.rate else 0 end)), 0) as amount
    from order_line_item_adjustment
    where
        item_id = order_item.item_id
        and version = "order".version
        and deleted_at is null
) as discounts
-- The time of the order's change, as orders.sql has it.
cross join lateral (
    select max(created_at) as changed_at
    from order_transaction
    where order_id = "order".id and deleted_at is null
) as payments
cross join lateral (
    select min(product_category.name) as name
    from product_category_product
    inner join product_category
        on product_category_product.product_category_id = product_category.id
    where
        product_category_product.product_id = order_line_item.product_id
        and product_category.deleted_at is null
) as categories
where
    not "order".is_draft_order
    and order_item.deleted_at is null
    and order_item.quantity > 0
    and not order_line_item.is_giftcard
