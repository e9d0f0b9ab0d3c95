-- When each purchase leads to which state if no other follows: all from facts up to its day.
with

purchases as (

    select
        customer_id,
        purchase_date,
        purchase_number,
        first_purchase_date,
        next_purchase_date,
        revenue,
        gap_days,
        cast(date_trunc('month', purchase_date) as date) as month

    from {{ ref('int_purchases') }}

),

cycles as (

    select * from {{ ref('int_cycles') }}

),

category_purchases as (

    select * from {{ ref('int_purchases_by_category') }}

),

spent_on_category as (

    select
        purchases.customer_id,
        purchases.purchase_date,
        category_purchases.category,
        sum(category_purchases.amount) as amount

    from purchases

    inner join category_purchases
        on
            purchases.customer_id = category_purchases.customer_id
            and purchases.purchase_date >= category_purchases.purchase_date

    group by
        purchases.customer_id,
        purchases.purchase_date,
        category_purchases.category

),

main_categories as (

    select
        customer_id,
        purchase_date,
        arg_min(category, {'amount': -amount, 'category': category}) as category

    from spent_on_category

    group by
        customer_id,
        purchase_date

),

with_cycle as (

    select
        purchases.customer_id,
        purchases.purchase_date,
        purchases.purchase_number,
        purchases.first_purchase_date,
        purchases.next_purchase_date,
        purchases.revenue,
        purchases.gap_days,
        main_categories.category as main_category,
        coalesce(
            category_cycles.cycle_days, shop_cycles.cycle_days, {{ var('default_cycle_days') }}
        ) as cycle_days,
        case
            when category_cycles.cycle_days is not null then 'category'
            when shop_cycles.cycle_days is not null then 'shop'
            else 'default'
        end as usual_gap_basis

    from purchases

    left outer join main_categories
        on
            purchases.customer_id = main_categories.customer_id
            and purchases.purchase_date = main_categories.purchase_date

    left outer join cycles as category_cycles
        on
            purchases.month = category_cycles.month
            and main_categories.category = category_cycles.category
            and category_cycles.cycle_basis = 'category'

    left outer join cycles as shop_cycles
        on
            purchases.month = shop_cycles.month
            and shop_cycles.cycle_basis = 'shop'

),

-- Kept as a quotient of whole numbers, so that rounding up to a day is exact.
with_usual_gap as (

    select
        *,
        {{ var('cycle_weight') }} * cycle_days
        + date_diff('day', first_purchase_date, purchase_date) as gap_numerator,
        {{ var('cycle_weight') }} + purchase_number - 1 as gap_denominator

    from with_cycle

),

with_limit as (

    select
        *,
        case
            when 3 * gap_numerator < {{ var('dormancy_floor_days') }} * gap_denominator
                then {{ var('dormancy_floor_days') }}
            when 3 * gap_numerator > {{ var('dormancy_ceiling_days') }} * gap_denominator
                then {{ var('dormancy_ceiling_days') }}
            else 3 * gap_numerator
        end as limit_numerator,
        case
            when 3 * gap_numerator < {{ var('dormancy_floor_days') }} * gap_denominator then 1
            when 3 * gap_numerator > {{ var('dormancy_ceiling_days') }} * gap_denominator then 1
            else gap_denominator
        end as limit_denominator

    from with_usual_gap

),

dated as (

    select
        customer_id,
        purchase_date,
        purchase_number,
        next_purchase_date,
        revenue,
        gap_days,
        main_category,
        cycle_days,
        usual_gap_basis,
        purchase_number - 1 as own_gap_count,
        gap_numerator / gap_denominator as usual_gap_days,
        limit_numerator / limit_denominator as dormancy_limit_days,
        purchase_date + {{ days_rounded_up('gap_numerator', 'gap_denominator') }}
            as next_purchase_expected_date,
        purchase_date + {{ days_rounded_up('limit_numerator', '3 * limit_denominator') }}
            as due_on,
        purchase_date + {{ days_rounded_up('2 * limit_numerator', '3 * limit_denominator') }}
            as slipping_on,
        purchase_date + {{ days_rounded_up('limit_numerator', 'limit_denominator') }}
            as dormant_on,
        purchase_date + {{ days_rounded_up('2 * limit_numerator', 'limit_denominator') }}
            as long_dormant_on,
        purchase_date + {{ days_rounded_up('3 * limit_numerator', 'limit_denominator') }}
            as lost_on

    from with_limit

)

select * from dated
