-- The mean gap that a month starts with, of the shop and of each category: from all gaps completed
-- before its first day. Early means are truncated, so they are used only from a year on.
with

-- Asked several times: to keep all rows in between costs more than to read them again.
purchases as not materialized (

    select
        customer_id,
        purchase_date,
        gap_days

    from {{ ref('int_purchases') }}

),

categories as (

    select * from {{ ref('int_purchases_by_category') }}

),

gaps as not materialized (

    select
        'shop' as cycle_basis,
        cast(null as varchar) as category,
        customer_id,
        purchase_date,
        gap_days

    from purchases

    where gap_days is not null

    union all

    select
        'category' as cycle_basis,
        category,
        customer_id,
        purchase_date,
        gap_days

    from categories

    where gap_days is not null

),

months as (

    select distinct {{ month_of('purchase_date') }} as month

    from purchases

),

by_month as (

    select
        cycle_basis,
        category,
        {{ month_of('purchase_date') }} as month,
        count(*) as gap_count,
        sum(gap_days) as gap_days

    from gaps

    group by
        cycle_basis,
        category,
        {{ month_of('purchase_date') }}

),

first_gaps as (

    select
        cycle_basis,
        category,
        customer_id,
        min(purchase_date) as first_gap_date

    from gaps

    group by
        cycle_basis,
        category,
        customer_id

),

customers_by_month as (

    select
        cycle_basis,
        category,
        {{ month_of('first_gap_date') }} as month,
        count(*) as customer_count

    from first_gaps

    group by
        cycle_basis,
        category,
        {{ month_of('first_gap_date') }}

),

started as (

    select min(purchase_date) as first_date

    from purchases

),

summed as (

    select
        by_month.cycle_basis,
        by_month.category,
        months.month,
        sum(by_month.gap_count) as gap_count,
        sum(by_month.gap_days) as gap_days,
        sum(coalesce(customers_by_month.customer_count, 0)) as customer_count

    from months

    inner join by_month
        on months.month > by_month.month

    left outer join customers_by_month
        on
            by_month.cycle_basis = customers_by_month.cycle_basis
            and by_month.category is not distinct from customers_by_month.category
            and by_month.month = customers_by_month.month

    group by
        by_month.cycle_basis,
        by_month.category,
        months.month

),

cycles as (

    select
        summed.cycle_basis,
        summed.category,
        summed.month,
        summed.gap_count,
        summed.customer_count,
        -- Rounded half up, in whole numbers.
        cast((2 * summed.gap_days + summed.gap_count) // (2 * summed.gap_count) as integer)
            as cycle_days

    from summed

    cross join started

    where
        summed.month >= started.first_date + {{ var('cycle_needs_days') }}
        and case summed.cycle_basis
            when 'shop' then summed.customer_count
            else summed.gap_count
        end >= {{ var('cycle_needs_gaps') }}

)

select * from cycles
