with

lines as (

    select * from {{ ref('stg_online_retail__lines') }}

    where
        reason in ('sold', 'free of charge')
        and not is_cancellation

),

order_lines as (

    select
        'online_retail' as source,
        invoice_id as order_id,
        product_id,
        product_name,
        cast(null as varchar) as category,
        cast(quantity as decimal(18, 4)) as quantity,
        amount

    from lines

)

select * from order_lines
