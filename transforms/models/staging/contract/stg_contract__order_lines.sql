with

versions as (

    {{ numbered_versions('order_lines', ['order_id']) }}

),

order_lines as (

    select
        _source as source,
        order_id,
        product_id,
        product_name,
        category,
        quantity,
        coalesce(discount, 0) as discount,
        -- Widened first: a barcode in the column of quantities must not stop the run.
        cast(cast(quantity as decimal(38, 4)) * unit_price as decimal(38, 4))
        - coalesce(discount, 0) as amount,
        _file_id as file_id

    from versions

    where version_number = 1

)

select * from order_lines
