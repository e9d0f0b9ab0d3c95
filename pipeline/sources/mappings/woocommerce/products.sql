-- stream: products
with

products as (

    select
        row_number,
        record ->> '$.id' as product_id,
        record ->> '$.name' as name,
        record ->> '$.categories[0].name' as category,
        nullif(record ->> '$.price', '') as price,
        record ->> '$.permalink' as url,
        record ->> '$.images[0].src' as image_url,
        (record ->> '$.status') = 'publish'
        and (record ->> '$.purchasable') = 'true'
        and (record ->> '$.stock_status') <> 'outofstock' as is_available

    from records

)

select * from products
