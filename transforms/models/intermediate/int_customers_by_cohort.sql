with

months as (

    select * from {{ ref('int_months_elapsed') }}

),

buyers as (

    select * from {{ ref('int_purchases_summed_by_customer') }}

),

first_month as (

    select min(month) as month

    from months

),

-- When those of before the records first bought nobody knows, so all of them begin with the data.
members as (

    select
        buyers.customer_id,
        case
            when buyers.is_before_records then 'before_records'
            else left(cast(months.month as varchar), 7)
        end as cohort,
        case when buyers.is_before_records then first_month.month else months.month end
            as cohort_month

    from buyers

    inner join months
        on {{ month_of('buyers.first_purchase_date') }} = months.month

    cross join first_month

)

select * from members
