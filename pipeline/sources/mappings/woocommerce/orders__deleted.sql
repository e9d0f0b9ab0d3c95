-- stream: deleted_orders
with

-- What raw knew of an order that the shop has no more: it is cancelled on the day of finding that.
deleted as (

    select
        row_number,
        record ->> '$.order.order_id' as order_id,
        record ->> '$.order.ordered_at' as ordered_at,
        record ->> '$.order.customer_id' as customer_id,
        record ->> '$.order.email' as email,
        'cancelled' as status,
        record ->> '$.order.total' as total,
        record ->> '$.order.discount' as discount,
        record ->> '$.order.refunded' as refunded,
        record ->> '$.order.refunded_at' as refunded_at,
        record ->> '$.found_at' as cancelled_at,
        record ->> '$.order.currency' as currency,
        record ->> '$.order.coupon_code' as coupon_code,
        record ->> '$.found_at' as updated_at

    from records

)

select * from deleted
