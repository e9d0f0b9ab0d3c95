-- stream: orders
with

orders as (

    select
        row_number,
        unnest(
            from_json(
                record,
                '{
                    "legacyResourceId": "VARCHAR",
                    "taxesIncluded": "BOOLEAN",
                    "lineItems": {"nodes": [{
                        "id": "VARCHAR",
                        "title": "VARCHAR",
                        "sku": "VARCHAR",
                        "quantity": "DECIMAL(18, 4)",
                        "product": {"id": "VARCHAR", "productType": "VARCHAR"},
                        "originalUnitPriceSet": {"shopMoney": {"amount": "DECIMAL(18, 4)"}},
                        "discountAllocations": [{
                            "allocatedAmountSet": {"shopMoney": {"amount": "DECIMAL(18, 4)"}}
                        }],
                        "taxLines": [{"priceSet": {"shopMoney": {"amount": "DECIMAL(18, 4)"}}}]
                    }]}
                }'
            )
        )

    from records

),

lines as (

    select
        row_number,
        legacyresourceid as order_id,
        taxesincluded as has_tax_in_prices,
        unnest(lineitems.nodes) as line

    from orders

),

amounts as (

    select
        row_number,
        order_id,
        line,
        line.originalunitpriceset.shopmoney.amount as unit_price,
        coalesce(
            list_sum(
                list_transform(
                    line.discountallocations,
                    lambda part: part.allocatedamountset.shopmoney.amount
                )
            ),
            0
        ) as discount,
        case
            when has_tax_in_prices
                then
                    coalesce(
                        list_sum(
                            list_transform(
                                line.taxlines, lambda tax: tax.priceset.shopmoney.amount
                            )
                        ),
                        0
                    )
            else 0
        end as tax

    from lines

),

-- The tax that is in the prices is taken off price and discount alike, so that the lines add up to
-- the order's total.
shares as (

    select
        *,
        case
            when line.quantity * unit_price > discount
                then 1 - tax / (line.quantity * unit_price - discount)
            else 1
        end as share_without_tax

    from amounts

),

mapped as (

    select
        row_number,
        order_id,
        split_part(line.id, '/', -1) as line_id,
        -- A product that the shop has deleted, or a line written by hand, has no number.
        coalesce(
            split_part(line.product.id, '/', -1), nullif(line.sku, ''), nullif(line.title, '')
        ) as product_id,
        line.title as product_name,
        nullif(line.product.producttype, '') as category,
        line.quantity,
        cast(round(unit_price * share_without_tax, 4) as decimal(18, 4)) as unit_price,
        cast(round(discount * share_without_tax, 4) as decimal(18, 4)) as discount

    from shares

)

select * from mapped
