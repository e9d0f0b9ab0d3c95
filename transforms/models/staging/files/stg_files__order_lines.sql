with

versions as (

    {{ numbered_versions('order_lines', ['order_id']) }}

),

order_lines as (

    select
        'files' as source,
        order_id,
        product_id,
        product_name,
        category,
        quantity,
        coalesce(discount, 0) as discount,
        cast(quantity * unit_price - coalesce(discount, 0) as decimal(18, 4)) as amount

    from versions

    where version_number = 1

)

select * from order_lines
