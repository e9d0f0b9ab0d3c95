-- customer_activity reads who is a VIP today from two years of revenue, not from what int_vips_by_day
-- tells of each month: both have to say the same.
{{ config(meta={"dagster": {"ref": {"name": "int_vips_today"}}}) }}

with

by_day as (

    select customer_id from {{ ref('int_vips_by_day') }}

    where known_on = {{ as_of_date() }}

)

select coalesce(by_day.customer_id, today.customer_id) as customer_id

from by_day

full outer join {{ ref('int_vips_today') }} as today
    on by_day.customer_id = today.customer_id

where
    by_day.customer_id is null
    or today.customer_id is null
