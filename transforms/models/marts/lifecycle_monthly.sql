-- Customers are the new, active, due and slipping; the state of a day is that of its end. Counted
-- from the dates that follow each purchase, which many customers have in common: to follow each
-- customer from month to month costs ten times as much.
with

months as (

    select * from {{ ref('int_months_elapsed') }}

),

-- Somebody is a customer from a purchase until he is dormant, and dormant until he is lost, unless
-- he buys again before.
purchases as not materialized (

    select
        customer_id,
        next_purchase_date,
        case
            when
                dormant_on <= {{ as_of_date() }}
                and coalesce(dormant_on < next_purchase_date, true)
                then dormant_on
        end as dormant_on,
        least(lost_on, next_purchase_date) as dormant_until,
        {{ month_of('purchase_date') }} as bought_in,
        {{ month_of('dormant_on') }} as dormant_in,
        {{ month_of('least(dormant_on, next_purchase_date, ' ~ as_of_date() ~ ' + 1)') }}
            as stays_until

    from {{ ref('int_purchases_with_rhythm') }}

),

-- At the end of each month from that of the purchase on.
stays as (

    select
        bought_in,
        stays_until,
        count(*) as customer_count

    from purchases

    where bought_in < stays_until

    group by
        bought_in,
        stays_until

),

customers as (

    select
        months.month,
        sum(stays.customer_count) as customers_at_end

    from months

    inner join stays
        on
            months.month >= stays.bought_in
            and months.month < stays.stays_until

    group by months.month

),

dormant as (

    select
        *,
        coalesce({{ month_of('next_purchase_date') }} = dormant_in, false) as is_back_in_month

    from purchases

    where dormant_on is not null

),

newly_dormant as (

    select
        dormant_in as month,
        count(*) as newly_dormant_count

    from dormant

    group by dormant_in

),

-- Customers when the month began who are none when it ends. Who bought and became dormant in one
-- month may have been one by an earlier purchase.
left_in_month as (

    select dormant.dormant_in as month

    from dormant

    where
        not dormant.is_back_in_month
        and dormant.bought_in < dormant.dormant_in

    union all

    select dormant.dormant_in as month

    from dormant

    inner join purchases as earlier
        on
            dormant.customer_id = earlier.customer_id
            and dormant.bought_in > earlier.bought_in
            and dormant.bought_in <= earlier.stays_until

    where
        not dormant.is_back_in_month
        and dormant.bought_in = dormant.dormant_in

),

leavers as (

    select
        month,
        count(*) as leaver_count

    from left_in_month

    group by month

),

dormant_spells as (

    select
        dormant_on,
        dormant_until,
        next_purchase_date,
        count(*) as customer_count

    from dormant

    group by
        dormant_on,
        dormant_until,
        next_purchase_date

),

dormant_at_start as (

    select
        months.month,
        sum(dormant_spells.customer_count) as dormant_at_start_count,
        sum(dormant_spells.customer_count) filter (
            where dormant_spells.next_purchase_date
            <= months.month + {{ var('reactivation_days') }}
        ) as reactivated_count

    from months

    inner join dormant_spells
        on
            months.month >= dormant_spells.dormant_on
            and coalesce(months.month < dormant_spells.dormant_until, true)

    group by months.month

),

counted as (

    select
        months.month,
        coalesce(
            lag(customers.customers_at_end) over (order by months.month asc nulls last), 0
        ) as customers_at_start,
        coalesce(customers.customers_at_end, 0) as customers_at_end,
        coalesce(leavers.leaver_count, 0) as leaver_count,
        coalesce(newly_dormant.newly_dormant_count, 0) as newly_dormant_count,
        coalesce(dormant_at_start.dormant_at_start_count, 0) as dormant_at_start_count,
        case
            when months.month + {{ var('reactivation_days') }} <= {{ as_of_date() }}
                then coalesce(dormant_at_start.reactivated_count, 0)
        end as reactivated_count

    from months

    left outer join customers
        on months.month = customers.month

    left outer join leavers
        on months.month = leavers.month

    left outer join newly_dormant
        on months.month = newly_dormant.month

    left outer join dormant_at_start
        on months.month = dormant_at_start.month

),

told as (

    select
        month,
        cast(customers_at_start as bigint) as customers_at_start,
        cast(customers_at_end as bigint) as customers_at_end,
        cast(customers_at_start - leaver_count as bigint) as kept,
        newly_dormant_count,
        cast(dormant_at_start_count as bigint) as dormant_at_start_count,
        cast(reactivated_count as bigint) as reactivated_count,
        {{ as_of_date() }} as as_of_date

    from counted

)

select * from told
