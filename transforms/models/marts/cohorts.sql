with

by_month as (

    select
        cohort,
        cohort_month,
        customer_count,
        month,
        month_number,
        buyer_count,
        purchase_count,
        cast(revenue as decimal(18, 2)) as revenue

    from {{ ref('int_cohorts_by_month') }}

),

summed as (

    select
        *,
        cast(
            sum(purchase_count) over (
                partition by cohort
                order by month
            ) as bigint
        ) as cumulative_purchase_count,
        cast(
            sum(revenue) over (
                partition by cohort
                order by month
            ) as decimal(18, 2)
        ) as cumulative_revenue

    from by_month

),

cohorts as (

    select
        cohort,
        cohort_month,
        cohort = 'before_records' as is_before_records,
        month_number,
        month,
        customer_count,
        buyer_count,
        buyer_count / customer_count as buyer_share,
        purchase_count,
        purchase_count / customer_count as purchases_per_customer,
        cumulative_purchase_count,
        cumulative_purchase_count / customer_count as cumulative_purchases_per_customer,
        revenue,
        cast(revenue / customer_count as decimal(18, 2)) as revenue_per_customer,
        cumulative_revenue,
        cast(cumulative_revenue / customer_count as decimal(18, 2))
            as cumulative_revenue_per_customer,
        {{ as_of_date() }} as as_of_date

    from summed

)

select * from cohorts
