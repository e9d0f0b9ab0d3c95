with

members as (

    select * from {{ ref('int_customers_by_cohort') }}

),

months as (

    select * from {{ ref('int_months_elapsed') }}

),

purchases as (

    select
        customer_id,
        {{ month_of('purchase_date') }} as month

    from {{ ref('int_purchases') }}

),

revenue as (

    select
        customer_id,
        {{ month_of('happened_on') }} as month,
        amount

    from {{ ref('int_revenue_by_customer') }}

),

counted as (

    select
        cohort,
        cohort_month,
        count(*) as customer_count

    from members

    group by
        cohort,
        cohort_month

),

bought as (

    select
        members.cohort,
        purchases.month,
        count(distinct purchases.customer_id) as buyer_count,
        count(*) as purchase_count

    from members

    inner join purchases
        on members.customer_id = purchases.customer_id

    group by
        members.cohort,
        purchases.month

),

paid as (

    select
        members.cohort,
        revenue.month,
        sum(revenue.amount) as revenue

    from members

    inner join revenue
        on members.customer_id = revenue.customer_id

    group by
        members.cohort,
        revenue.month

),

by_month as (

    select
        counted.cohort,
        counted.cohort_month,
        counted.customer_count,
        months.month,
        date_diff('month', counted.cohort_month, months.month) as month_number,
        coalesce(bought.buyer_count, 0) as buyer_count,
        coalesce(bought.purchase_count, 0) as purchase_count,
        coalesce(paid.revenue, 0) as revenue

    from counted

    inner join months
        on counted.cohort_month <= months.month

    left outer join bought
        on
            counted.cohort = bought.cohort
            and months.month = bought.month

    left outer join paid
        on
            counted.cohort = paid.cohort
            and months.month = paid.month

)

select * from by_month
