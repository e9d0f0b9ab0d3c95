-- Who is a customer when a month begins is counted from the spans anew, and is as many as there
-- were when the month before ended.
{{ config(meta={"dagster": {"ref": {"name": "retention_monthly"}}}) }}

with

months as (

    select
        month,
        customers_at_start,
        lag(customers_at_end) over (order by month) as customers_at_end_before

    from {{ ref('retention_monthly') }}

),

counted as (

    select
        months.month,
        months.customers_at_start,
        months.customers_at_end_before,
        count(spans.customer_id) as customers_counted

    from months

    left outer join {{ ref('customer_lifecycle') }} as spans
        on
            months.month - 1 >= spans.valid_from
            and (months.month <= spans.valid_to or spans.valid_to is null)
            and spans.lifecycle not in ('dormant', 'long_dormant', 'lost')

    group by
        months.month,
        months.customers_at_start,
        months.customers_at_end_before

)

select * from counted

where
    customers_at_start <> customers_counted
    or customers_at_start <> coalesce(customers_at_end_before, 0)
