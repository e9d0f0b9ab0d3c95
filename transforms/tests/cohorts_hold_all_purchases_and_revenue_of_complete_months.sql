-- What cohorts bought and paid is what was bought and paid in complete months. In no cohort is
-- money of people who never bought, and what went back to a person before the month in which his
-- cohort begins: that was bought before the records. Each month of a cohort is rounded once.
{{ config(meta={"dagster": {"ref": {"name": "cohorts"}}}) }}

with

last_days as (

    select coalesce(last_day(max(month)), date '1900-01-01') as last_date

    from {{ ref('cohorts') }}

),

in_cohorts as (

    select
        coalesce(sum(customer_count) filter (where month_number = 0), 0) as customer_count,
        coalesce(sum(purchase_count), 0) as purchase_count,
        coalesce(sum(revenue), 0) as revenue,
        count(*) as row_count

    from {{ ref('cohorts') }}

),

buyers as (

    select
        purchases.customer_id,
        min(
            case
                when activity.is_before_records then date '1900-01-01'
                else {{ month_of('purchases.purchase_date') }}
            end
        ) as first_date,
        count(*) as purchase_count

    from {{ ref('int_purchases') }} as purchases

    inner join {{ ref('customer_activity') }} as activity
        on purchases.customer_id = activity.customer_id

    cross join last_days

    where purchases.purchase_date <= last_days.last_date

    group by purchases.customer_id

),

bought as (

    select
        count(*) as customer_count,
        coalesce(sum(purchase_count), 0) as purchase_count

    from buyers

),

paid as (

    select coalesce(sum(revenue.amount), 0) as revenue

    from {{ ref('int_revenue_by_customer') }} as revenue

    inner join buyers
        on
            revenue.customer_id = buyers.customer_id
            and revenue.happened_on >= buyers.first_date

    cross join last_days

    where revenue.happened_on <= last_days.last_date

)

select
    in_cohorts.customer_count as customers_in_cohorts,
    bought.customer_count as customers_who_bought,
    in_cohorts.purchase_count as purchases_in_cohorts,
    bought.purchase_count as purchases,
    in_cohorts.revenue as revenue_in_cohorts,
    paid.revenue

from in_cohorts

cross join bought

cross join paid

where
    in_cohorts.customer_count <> bought.customer_count
    or in_cohorts.purchase_count <> bought.purchase_count
    or abs(in_cohorts.revenue - paid.revenue) > 0.005 * in_cohorts.row_count
