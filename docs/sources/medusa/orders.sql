-- incremental: updated_at
with

-- Each change of an order makes a new version of its lines and discounts; the last one counts.
lines as (
    select
        "order".id as order_id,
        order_item.quantity,
        order_item.return_received_quantity as returned,
        coalesce(order_item.unit_price, order_line_item.unit_price)
        / (1 + case when order_line_item.is_tax_inclusive then tax.rate else 0 end) as unit_price,
        tax.rate as tax_rate,
        discounts.amount as discount,
        discounts.codes
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
        select
            coalesce(sum(amount / (1 + case when is_tax_inclusive then tax.rate else 0 end)), 0)
                as amount,
            string_agg(code, ',' order by code) as codes
        from order_line_item_adjustment
        where
            item_id = order_item.item_id
            and version = "order".version
            and deleted_at is null
    ) as discounts
    where
        order_item.deleted_at is null
        and order_item.quantity > 0
        and not order_line_item.is_giftcard
),

goods as (
    select
        order_id,
        sum(quantity * unit_price - discount) as total,
        sum((quantity * unit_price - discount) * (1 + tax_rate)) as total_with_tax,
        sum(returned * (unit_price - discount / quantity)) as returned,
        sum(discount) as discount,
        min(codes) as codes
    from lines
    group by order_id
),

payments as (
    select
        order_id,
        sum(amount) filter (where amount > 0) as paid,
        -sum(amount) filter (where amount < 0) as refunded,
        max(created_at) filter (where amount < 0) as refunded_at,
        -- A refund does not always touch the order itself.
        max(created_at) as changed_at
    from order_transaction
    where deleted_at is null
    group by order_id
),

returns as (
    select
        order_id,
        max(received_at) as received_at
    from "return"
    where deleted_at is null
    group by order_id
),

orders as (
    select
        "order".*,
        "order".status = 'canceled' or "order".deleted_at is not null as is_cancelled,
        -- Money goes back with tax and postage: of it the goods' part without tax is asked. What
        -- came back for other goods, or waits for its refund, counts too.
        greatest(
            payments.refunded * goods.total / nullif(goods.total_with_tax, 0), goods.returned
        ) as refunded,
        greatest(payments.refunded_at, returns.received_at) as refunded_at,
        payments.paid,
        goods.total,
        goods.discount,
        goods.codes,
        greatest("order".updated_at, payments.changed_at) as changed_at
    from "order"
    left join goods on "order".id = goods.order_id
    left join payments on "order".id = payments.order_id
    left join returns on "order".id = returns.order_id
    where not "order".is_draft_order
)

select
    id as order_id,
    created_at as ordered_at,
    customer_id,
    email,
    case
        when is_cancelled then 'cancelled'
        -- Nothing was captured yet.
        when paid is null then 'pending'
        else 'paid'
    end as status,
    round(coalesce(total, 0), 2) as total,
    round(discount, 2) as discount,
    -- What goes back when an order is cancelled is the cancellation.
    case when not is_cancelled then round(refunded, 2) end as refunded,
    case when not is_cancelled then refunded_at end as refunded_at,
    case when is_cancelled then coalesce(canceled_at, deleted_at) end as cancelled_at,
    upper(currency_code) as currency,
    codes as coupon_code,
    changed_at as updated_at
from orders
