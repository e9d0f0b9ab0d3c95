-- stream: orders
with

lines as (

    select
        row_number,
        record ->> '$.id' as order_id,
        unnest(
            from_json(
                record -> '$.line_items',
                '[{
                    "id": "VARCHAR",
                    "name": "VARCHAR",
                    "product_id": "VARCHAR",
                    "sku": "VARCHAR",
                    "quantity": "DECIMAL(18, 4)",
                    "subtotal": "DECIMAL(18, 4)",
                    "total": "DECIMAL(18, 4)"
                }]'
            )
        ) as line

    from records

),

mapped as (

    select
        row_number,
        order_id,
        line.id as line_id,
        -- The product of a line that was deleted since has number 0.
        coalesce(nullif(line.product_id, '0'), nullif(line.sku, ''), nullif(line.name, ''))
            as product_id,
        line.name as product_name,
        line.quantity,
        case
            when line.quantity > 0
                then cast(round(line.subtotal / line.quantity, 4) as decimal(18, 4))
            else line.subtotal
        end as unit_price,
        greatest(line.subtotal - line.total, 0) as discount

    from lines

)

select * from mapped
