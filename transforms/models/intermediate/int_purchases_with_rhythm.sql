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

main_categories as (

    select * from {{ ref('int_main_categories') }}

),

season_days as (

    select * from {{ ref('int_season_days') }}

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
        main_categories.main_category,
        coalesce(main_categories.is_one_off, false) as is_one_off,
        main_categories.season_from,
        main_categories.season_to,
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
            and main_categories.main_category = category_cycles.category
            and category_cycles.cycle_basis = 'category'

    left outer join cycles as shop_cycles
        on
            purchases.month = shop_cycles.month
            and shop_cycles.cycle_basis = 'shop'

),

-- Where the category has a season, days count only in it.
with_days as (

    select
        with_cycle.*,
        at_purchase.season_day_number,
        coalesce(
            at_purchase.season_day_number - at_first.season_day_number,
            date_diff('day', with_cycle.first_purchase_date, with_cycle.purchase_date)
        ) as days_so_far

    from with_cycle

    left outer join season_days as at_first
        on
            with_cycle.season_from = at_first.season_from
            and with_cycle.season_to = at_first.season_to
            and with_cycle.first_purchase_date = at_first.calendar_day

    left outer join season_days as at_purchase
        on
            with_cycle.season_from = at_purchase.season_from
            and with_cycle.season_to = at_purchase.season_to
            and with_cycle.purchase_date = at_purchase.calendar_day

),

-- Kept as a quotient of whole numbers, so that rounding up to a day is exact.
with_usual_gap as (

    select
        *,
        {{ var('cycle_weight') }} * cycle_days + days_so_far as gap_numerator,
        {{ var('cycle_weight') }} + purchase_number - 1 as gap_denominator

    from with_days

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

ahead as (

    select
        *,
        {{ days_rounded_up('gap_numerator', 'gap_denominator') }} as expected_after,
        {{ days_rounded_up('limit_numerator', '3 * limit_denominator') }} as due_after,
        {{ days_rounded_up('2 * limit_numerator', '3 * limit_denominator') }} as slipping_after,
        {{ days_rounded_up('limit_numerator', 'limit_denominator') }} as dormant_after,
        {{ days_rounded_up('2 * limit_numerator', 'limit_denominator') }} as long_dormant_after,
        {{ days_rounded_up('3 * limit_numerator', 'limit_denominator') }} as lost_after

    from with_limit

),

-- Days ahead become dates again. Who has bought only what is bought once never falls quiet.
dated as (

    select
        ahead.customer_id,
        ahead.purchase_date,
        ahead.purchase_number,
        ahead.next_purchase_date,
        ahead.revenue,
        ahead.gap_days,
        ahead.main_category,
        ahead.is_one_off,
        ahead.season_from,
        ahead.season_to,
        ahead.season_day_number,
        ahead.cycle_days,
        ahead.usual_gap_basis,
        ahead.purchase_number - 1 as own_gap_count,
        {% for step, date_column in (
            ('expected', 'next_purchase_expected_date'),
            ('due', 'due_on'),
            ('slipping', 'slipping_on'),
            ('dormant', 'dormant_on'),
            ('long_dormant', 'long_dormant_on'),
            ('lost', 'lost_on'),
        ) -%}
        case
            when ahead.is_one_off then null
            when ahead.season_from is null then ahead.purchase_date + ahead.{{ step }}_after
            else {{ step }}.calendar_day
        end as {{ date_column }},
        {% endfor -%}
        ahead.gap_numerator / ahead.gap_denominator as usual_gap_days,
        ahead.limit_numerator / ahead.limit_denominator as dormancy_limit_days

    from ahead

    {% for step in ('expected', 'due', 'slipping', 'dormant', 'long_dormant', 'lost') -%}
    left outer join season_days as {{ step }}
        on
            {{ step }}.is_in_season
            and ahead.season_from = {{ step }}.season_from
            and ahead.season_to = {{ step }}.season_to
            and ahead.season_day_number + ahead.{{ step }}_after = {{ step }}.season_day_number

    {% endfor %}

)

select * from dated
