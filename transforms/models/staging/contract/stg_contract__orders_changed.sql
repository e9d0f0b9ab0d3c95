-- Orders of which something arrived since the last build, or of which another version may stand
-- since: to number and read all of them for those few costs as much as to build anew.
with

changed as (

    select records.order_id

    from ({{ contract_records('orders') }}) as records

    where
        records._file_id > {{ last_built_file() }}
        or records.updated_at >= cast({{ last_built_day() }} as timestamp)

    union distinct

    select records.order_id

    from ({{ contract_records('order_lines') }}) as records

    where records._file_id > {{ last_built_file() }}

),

versions as (

    {{ numbered_versions('orders', ['order_id'], 'records.updated_at', among='changed') }}

),

orders as (

    {{ told_orders('versions') }}

)

select * from orders
