with

versions as (

    {{ numbered_versions('orders', ['order_id'], 'records.updated_at') }}

),

orders as (

    {{ told_orders('versions') }}

)

select * from orders
