-- stream: products
with

products as (

    select
        row_number,
        record ->> '$.legacyResourceId' as product_id,
        record ->> '$.title' as name,
        nullif(record ->> '$.productType', '') as category,
        record ->> '$.priceRangeV2.minVariantPrice.amount' as price,
        record ->> '$.onlineStoreUrl' as url,
        record ->> '$.featuredMedia.preview.image.url' as image_url,
        -- Drafts and what is in the archive cannot be bought, nor what no shop shows.
        (record ->> '$.status') = 'ACTIVE' and (record ->> '$.onlineStoreUrl') is not null
            as is_available

    from records

)

select * from products
