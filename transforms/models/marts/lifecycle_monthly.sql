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

customers_at_end as (

    select
        months.month,
        spans.customer_id

    from months

    inner join spans
        on
            months.ends_on >= spans.valid_from
            and coalesce(months.ends_on < spans.valid_to, true)

    where spans.lifecycle in ('new', 'active', 'due', 'slipping')

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
