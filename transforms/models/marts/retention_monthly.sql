with

months as (

    select * from {{ ref('lifecycle_monthly') }}

),

sales as (

    select * from {{ ref('int_sales_by_month') }}

),

bands as (

    select * from {{ ref('churn_bands') }}

),

benchmarks as (

    select
        max(value) filter (where metric = 'churn_rate') as churn_rate,
        max(value) filter (where metric = 'retention_rate') as retention_rate

    from {{ ref('benchmarks') }}

    where
        trade = '{{ var("trade") }}'
        and period = 'month'

),

rated as (

    select
        months.month,
        months.customers_at_start,
        months.customers_at_end,
        months.customers_at_end - months.kept as new_or_returned,
        months.kept,
        100 * months.kept / nullif(months.customers_at_start, 0) as retention_rate,
        100 * (months.customers_at_start - months.kept) / nullif(months.customers_at_start, 0)
            as churn_rate,
        bands.churn_rate_low,
        bands.churn_rate_high,
        months.newly_dormant_count,
        months.dormant_at_start_count,
        months.reactivated_count,
        100 * months.reactivated_count / nullif(months.dormant_at_start_count, 0)
            as reactivation_rate,
        sales.buyer_count,
        sales.returning_buyer_count / nullif(sales.buyer_count, 0) as returning_customer_share,
        cast(sales.sales as decimal(18, 2)) as sales,
        sales.vip_sales / nullif(sales.sales, 0) as vip_sales_share

    from months

    inner join sales
        on months.month = sales.month

    left outer join bands
        on months.month = bands.month

),

retention as (

    select
        rated.month,
        rated.customers_at_start,
        rated.customers_at_end,
        rated.new_or_returned,
        rated.kept,
        rated.retention_rate,
        rated.churn_rate,
        rated.churn_rate_low,
        rated.churn_rate_high,
        rated.churn_rate < rated.churn_rate_low or rated.churn_rate > rated.churn_rate_high
            as is_churn_unusual,
        rated.newly_dormant_count,
        rated.dormant_at_start_count,
        rated.reactivated_count,
        rated.reactivation_rate,
        rated.buyer_count,
        rated.returning_customer_share,
        rated.sales,
        rated.vip_sales_share,
        cast(
            coalesce(benchmarks.churn_rate, 100 - benchmarks.retention_rate) as double
        ) as benchmark_churn_rate,
        cast(
            coalesce(benchmarks.retention_rate, 100 - benchmarks.churn_rate) as double
        ) as benchmark_retention_rate,
        {{ as_of_date() }} as as_of_date

    from rated

    cross join benchmarks

)

select * from retention
