-- stream: checkouts
with

checkouts as (

    select
        row_number,
        record ->> '$.id' as id,
        record ->> '$.customer.id' as customer_id,
        record ->> '$.customer.defaultEmailAddress.emailAddress' as email,
        record ->> '$.updatedAt' as updated_at,
        record ->> '$.completedAt' as completed_at,
        unnest(cast(record -> '$.lineItems.nodes' as json[])) as line

    from records

),

mapped as (

    select
        row_number,
        split_part(id, '/', -1) as cart_id,
        split_part(customer_id, '/', -1) as customer_id,
        email,
        updated_at,
        coalesce(
            split_part(line ->> '$.product.id', '/', -1),
            nullif(line ->> '$.sku', ''),
            line ->> '$.title'
        ) as product_id,
        line ->> '$.quantity' as quantity,
        line ->> '$.discountedUnitPriceSet.shopMoney.amount' as unit_price,
        -- Shopify says that an order came of it, and not which one.
        case when completed_at is not null then 'completed' end as order_id

    from checkouts

    -- A cart of nobody who can be found reminds nobody.
    where customer_id is not null or email is not null

)

select * from mapped
