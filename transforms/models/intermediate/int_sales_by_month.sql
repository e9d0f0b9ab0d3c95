with

months as (

    select * from {{ ref('int_months_elapsed') }}

),

purchases as (

    select
        customer_id,
        purchase_date,
        first_purchase_date,
        revenue,
        {{ month_of('purchase_date') }} as month

    from {{ ref('int_purchases') }}

),

vips as (

    select * from {{ ref('int_vips_by_day') }}

),

summed as (

    select
        months.month,
        count(distinct purchases.customer_id) as buyer_count,
        count(distinct purchases.customer_id) filter (
            where purchases.first_purchase_date < months.month
        ) as returning_buyer_count,
        coalesce(sum(purchases.revenue), 0) as sales,
        coalesce(
            sum(purchases.revenue) filter (where vips.customer_id is not null), 0
        ) as vip_sales

    from months

    left outer join purchases
        on months.month = purchases.month

    left outer join vips
        on
            purchases.customer_id = vips.customer_id
            and months.month - 1 = vips.known_on

    group by months.month

)

select * from summed
