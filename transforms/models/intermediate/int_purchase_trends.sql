{% set recent = var('signal_recent_count') %}
-- The latest gaps and baskets against the earlier ones. Both are compared by their logarithms:
-- gaps as exponential waiting times, whose mean of n has a relative error of 1 / √n; baskets by
-- the spread that the customer's own baskets show.
{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        pre_hook="{{ make_room_for_changed_customers() }}",
    )
}}

-- depends_on: {{ ref('int_customers_changed') }}
with

counts as (

    select
        purchases.customer_id,
        count(*) as purchase_count

    from {{ ref('int_purchases') }} as purchases

    {% if is_extending() -%}
    semi join {{ ref('int_customers_changed') }} as changed
        on purchases.customer_id = changed.customer_id

    {% endif -%}
    group by purchases.customer_id

),

-- Numbered by counting, because to sort all purchases again would cost more.
purchases as (

    select
        purchases.customer_id,
        purchases.revenue,
        purchases.gap_days,
        counts.purchase_count - purchases.purchase_number + 1 as number_from_last

    from {{ ref('int_purchases') }} as purchases

    inner join counts
        on purchases.customer_id = counts.customer_id

),

split as (

    select
        customer_id,
        count(gap_days) filter (where number_from_last <= {{ recent }}) as recent_gap_count,
        count(gap_days) filter (where number_from_last > {{ recent }}) as earlier_gap_count,
        avg(gap_days) filter (where number_from_last <= {{ recent }}) as recent_gap_days,
        avg(gap_days) filter (where number_from_last > {{ recent }}) as earlier_gap_days,
        count(*) filter (where number_from_last > {{ recent }}) as earlier_count,
        cast(
            avg(revenue) filter (where number_from_last <= {{ recent }}) as decimal(18, 4)
        ) as recent_purchase_value,
        cast(
            avg(revenue) filter (where number_from_last > {{ recent }}) as decimal(18, 4)
        ) as earlier_purchase_value,
        -- Sums of logarithms rounded to whole billionths add up the same in every order.
        avg(cast(ln(cast(revenue as double)) as decimal(18, 9))) filter (
            where number_from_last <= {{ recent }}
        ) as recent_log_value,
        avg(cast(ln(cast(revenue as double)) as decimal(18, 9))) filter (
            where number_from_last > {{ recent }}
        ) as earlier_log_value,
        avg(cast(power(ln(cast(revenue as double)), 2) as decimal(18, 9))) filter (
            where number_from_last <= {{ recent }}
        ) as recent_square,
        avg(cast(power(ln(cast(revenue as double)), 2) as decimal(18, 9))) filter (
            where number_from_last > {{ recent }}
        ) as earlier_square

    from purchases

    group by customer_id

),

errors as (

    select
        *,
        ln(nullif(recent_gap_days, 0) / nullif(earlier_gap_days, 0)) as log_gap_ratio,
        sqrt(1.0 / nullif(recent_gap_count, 0) + 1.0 / nullif(earlier_gap_count, 0))
            as gap_error,
        earlier_log_value - recent_log_value as log_value_drop,
        sqrt(
            greatest(
                {{ recent }} * (recent_square - recent_log_value * recent_log_value)
                + earlier_count * (earlier_square - earlier_log_value * earlier_log_value),
                0
            )
            / nullif({{ recent }} + earlier_count - 2, 0)
            * (1.0 / {{ recent }} + 1.0 / nullif(earlier_count, 0))
        ) as value_error

    from split

),

trends as (

    select
        customer_id,
        recent_gap_days,
        earlier_gap_days,
        recent_purchase_value,
        earlier_purchase_value,
        recent_gap_count >= {{ recent }}
        and earlier_gap_count >= {{ var('signal_earlier_count') }}
        and log_gap_ratio > {{ var('signal_standard_errors') }} * gap_error
            as is_buying_less_often,
        earlier_count >= {{ var('signal_earlier_count') }}
        and log_value_drop > {{ var('signal_standard_errors') }} * value_error
        and recent_purchase_value < (1 - {{ var('signal_least_drop') }}) * earlier_purchase_value
            as is_spending_less

    from errors

)

select * from trends
