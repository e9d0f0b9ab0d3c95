with

versions as (

    {{ numbered_versions('products', ['product_id']) }}

),

products as (

    select
        _source as source,
        product_id,
        name as product_name,
        category,
        price,
        margin,
        url,
        image_url,
        is_available,
        cycle_days,
        season_from,
        season_to,
        coalesce(is_one_off, false) as is_one_off

    from versions

    where version_number = 1

)

select * from products
