-- Customers are the new, active, due and slipping; the state of a day is that of its end.
with

months as (

    select * from {{ ref('int_months_elapsed') }}

),

spans as (

    select * from {{ ref('customer_lifecycle') }}

),

purchases as (

    select * from {{ ref('int_purchases') }}

),

-- A span is a customer's state at the end of every month that it begins in or before and does not
-- end in.
spans_by_month as (

    select
        customer_id,
        cast(
            unnest(
                range(
                    date_trunc('month', cast(valid_from as timestamp)),
                    date_trunc(
                        'month', cast(coalesce(valid_to, {{ as_of_date() }} + 1) as timestamp)
                    ),
                    interval 1 month
                )
            ) as date
        ) as month

    from spans

    where lifecycle in ('new', 'active', 'due', 'slipping')

),

customers_at_end as (

    select
        months.month,
        spans_by_month.customer_id

    from months

    inner join spans_by_month
        on months.month = spans_by_month.month

),

-- The end of a month is the start of the next.
bases as (

    select
        ended.month,
        count(*) as customers_at_end,
        count(started.customer_id) as kept

    from customers_at_end as ended

    left outer join customers_at_end as started
        on
            ended.customer_id = started.customer_id
            and ended.month = started.month + interval 1 month

    group by ended.month

),

newly_dormant as (

    select
        cast(date_trunc('month', valid_from) as date) as month,
        count(*) as newly_dormant_count

    from spans

    where lifecycle = 'dormant'

    group by cast(date_trunc('month', valid_from) as date)

),

dormant_at_start as (

    select
        months.month,
        count(*) as dormant_at_start_count,
        count(*) filter (
            where purchases.next_purchase_date <= months.month + {{ var('reactivation_days') }}
        ) as reactivated_count

    from months

    inner join spans
        on
            months.month >= spans.valid_from
            and coalesce(months.month < spans.valid_to, true)

    inner join purchases
        on
            spans.customer_id = purchases.customer_id
            and spans.purchase_number = purchases.purchase_number

    where spans.lifecycle in ('dormant', 'long_dormant')

    group by months.month

),

counted as (

    select
        months.month,
        coalesce(
            lag(bases.customers_at_end) over (order by months.month asc nulls last), 0
        ) as customers_at_start,
        coalesce(bases.customers_at_end, 0) as customers_at_end,
        coalesce(bases.kept, 0) as kept,
        coalesce(newly_dormant.newly_dormant_count, 0) as newly_dormant_count,
        coalesce(dormant_at_start.dormant_at_start_count, 0) as dormant_at_start_count,
        case
            when months.month + {{ var('reactivation_days') }} <= {{ as_of_date() }}
                then coalesce(dormant_at_start.reactivated_count, 0)
        end as reactivated_count,
        {{ as_of_date() }} as as_of_date

    from months

    left outer join bases
        on months.month = bases.month

    left outer join newly_dormant
        on months.month = newly_dormant.month

    left outer join dormant_at_start
        on months.month = dormant_at_start.month

)

select * from counted
