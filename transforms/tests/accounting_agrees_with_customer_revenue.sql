-- What the accounting counts as revenue of known people is what customer_activity says they spent.
-- Both are rounded row by row, so they may differ by half a penny a row.
{{ config(meta={"dagster": {"ref": {"name": "record_accounting"}}}) }}

with

accounted as (

    select
        coalesce(sum(amount) filter (where is_in_revenue and is_identified), 0) as revenue,
        count(*) as row_count

    from {{ ref('record_accounting') }}

),

activity as (

    select
        coalesce(sum(revenue), 0) as revenue,
        count(*) filter (where revenue <> 0) as row_count

    from {{ ref('customer_activity') }}

)

select
    accounted.revenue as accounted_revenue,
    activity.revenue as customer_revenue

from accounted

cross join activity

where
    abs(accounted.revenue - activity.revenue)
    > 0.005 * (accounted.row_count + activity.row_count)
