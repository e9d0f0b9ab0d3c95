-- As many are customers when a month begins as are told by the spans, and as there were when the
-- month before ended.
{{ config(meta={"dagster": {"ref": {"name": "retention_monthly"}}}) }}

with

months as (

    select
        month,
        customers_at_start,
        lag(customers_at_end) over (order by month) as customers_at_end_before

    from {{ ref('retention_monthly') }}

),

spans as (

    select
        valid_from,
        valid_to

    from {{ ref('customer_lifecycle') }}

    where lifecycle not in ('dormant', 'long_dormant', 'lost')

),

-- Begun less ended: to look for each month's spans among all takes seven times as long.
changes as (

    select
        valid_from as happened_on,
        count(*) as customer_count

    from spans

    group by valid_from

    union all

    select
        valid_to as happened_on,
        -count(*) as customer_count

    from spans

    where valid_to is not null

    group by valid_to

),

counted as (

    select
        months.month,
        months.customers_at_start,
        months.customers_at_end_before,
        coalesce(sum(changes.customer_count), 0) as customers_counted

    from months

    left outer join changes
        on months.month > changes.happened_on

    group by
        months.month,
        months.customers_at_start,
        months.customers_at_end_before

)

select * from counted

where
    customers_at_start <> customers_counted
    or customers_at_start <> coalesce(customers_at_end_before, 0)
