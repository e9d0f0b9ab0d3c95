-- When each purchase leads to which state if no other follows: all from facts up to its day.
{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="customer_id",
        pre_hook="{{ make_room_for_changed_customers() }}",
    )
}}

-- depends_on: {{ ref('int_customers_changed') }}
{% set cycle_days -%}
coalesce(category_cycles.cycle_days, shop_cycles.cycle_days, {{ var('default_cycle_days') }})
{%- endset -%}
{% set usual_gap_basis -%}
case
    when category_cycles.cycle_days is not null then 'category'
    when shop_cycles.cycle_days is not null then 'shop'
    else 'default'
end
{%- endset -%}
with

shop_cycles as (

    select * from {{ ref('int_cycles') }}

    where cycle_basis = 'shop'

),

category_cycles as (

    select * from {{ ref('int_cycles') }}

    where cycle_basis = 'category'

),

main_categories as (

    select * from {{ ref('int_main_categories') }}

),

{% if is_extending() -%}
cycles_before as (

    select distinct
        main_category,
        cycle_days,
        usual_gap_basis,
        {{ month_of('purchase_date') }} as month

    from {{ this }}

),

cycles_gone as (

    select cycles_before.*

    from cycles_before

    left outer join category_cycles
        on
            cycles_before.month = category_cycles.month
            and cycles_before.main_category = category_cycles.category

    left outer join shop_cycles
        on cycles_before.month = shop_cycles.month

    where
        cycles_before.cycle_days <> {{ cycle_days }}
        or cycles_before.usual_gap_basis <> {{ usual_gap_basis }}

),

with_other_cycle as (

    select kept.customer_id

    from {{ this }} as kept

    semi join cycles_gone
        on
            kept.main_category is not distinct from cycles_gone.main_category
            and kept.cycle_days = cycles_gone.cycle_days
            and kept.usual_gap_basis = cycles_gone.usual_gap_basis
            and {{ month_of('kept.purchase_date') }} = cycles_gone.month

),

kept as (

    select * from {{ this }}

    where main_category is not null

),

with_other_category as (

    select coalesce(main_categories.customer_id, kept.customer_id) as customer_id

    from main_categories

    full outer join kept
        on
            main_categories.customer_id = kept.customer_id
            and main_categories.purchase_date = kept.purchase_date

    where
        main_categories.main_category is distinct from kept.main_category
        or main_categories.is_one_off is distinct from kept.is_one_off
        or main_categories.season_from is distinct from kept.season_from
        or main_categories.season_to is distinct from kept.season_to

),

-- Days in season are numbered from the first purchase of all, which may be another now.
changed as (

    select customer_id from {{ ref('int_customers_changed') }}
    union
    select customer_id from with_other_cycle
    union
    select customer_id from with_other_category
    union
    select customer_id from kept
    where season_from is not null

),

{% endif -%}
purchases as (

    select
        purchases.customer_id,
        purchases.purchase_date,
        purchases.purchase_number,
        purchases.first_purchase_date,
        purchases.next_purchase_date,
        purchases.revenue,
        purchases.gap_days,
        {{ month_of('purchases.purchase_date') }} as month

    from {{ ref('int_purchases') }} as purchases

    {% if is_extending() -%}
    semi join changed
        on purchases.customer_id = changed.customer_id
    {%- endif %}

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
        {{ cycle_days }} as cycle_days,
        {{ usual_gap_basis }} as usual_gap_basis

    from purchases

    left outer join main_categories
        on
            purchases.customer_id = main_categories.customer_id
            and purchases.purchase_date = main_categories.purchase_date

    left outer join category_cycles
        on
            purchases.month = category_cycles.month
            and main_categories.main_category = category_cycles.category

    left outer join shop_cycles
        on purchases.month = shop_cycles.month

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
