-- Differences of two shares with Newcombe's interval, which joins Wilson's intervals of both.
with

purchases as (

    select * from {{ ref('int_purchases_with_traits') }}

),

journey as (

    select * from {{ ref('purchase_journey') }}

    where
        purchase_number = 1
        or is_where_most_fade

),

traits as (

    {% for trait, value in (
        ('first_product', 'first_product_id'),
        ('main_category', 'main_category'),
        ('country', 'country'),
        ('coupon', "case when has_used_coupon then 'used' end"),
        ('return', "case when has_returned then 'returned' end"),
        ('complaint', "case when has_complained then 'complained' end"),
        ('reason', 'unnest(reasons)'),
    ) -%}
    select
        purchase_number,
        is_faded,
        '{{ trait }}' as trait,
        {{ value }} as value

    from purchases
    {{ "union all" if not loop.last }}

    {% endfor %}

),

totals as (

    select
        purchases.purchase_number,
        count(*) filter (where purchases.is_faded) as faded_count,
        count(*) filter (where not purchases.is_faded) as stayed_count

    from purchases

    inner join journey
        on purchases.purchase_number = journey.purchase_number

    group by purchases.purchase_number

),

counted as (

    select
        purchase_number,
        trait,
        value,
        count(*) filter (where is_faded) as faded_with_count,
        count(*) filter (where not is_faded) as stayed_with_count

    from traits

    where value is not null

    group by
        purchase_number,
        trait,
        value

),

-- Where few have a trait or few are without it, chance says more than the trait.
shares as (

    select
        counted.purchase_number,
        counted.trait,
        counted.value,
        totals.faded_count,
        totals.stayed_count,
        counted.faded_with_count,
        counted.stayed_with_count,
        counted.faded_with_count / totals.faded_count as share_of_faded,
        counted.stayed_with_count / totals.stayed_count as share_of_stayed

    from counted

    inner join totals
        on counted.purchase_number = totals.purchase_number

    where
        counted.faded_with_count + counted.stayed_with_count >= {{ var('journey_trait_floor') }}
        and totals.faded_count + totals.stayed_count
        - counted.faded_with_count - counted.stayed_with_count >= {{ var('journey_trait_floor') }}
        and totals.faded_count > 0
        and totals.stayed_count > 0

),

-- 3.841459 is the square of 1.959964.
wilson as (

    select
        *,
        {% for group in ('faded', 'stayed') -%}
        (share_of_{{ group }} + 3.841459 / 2 / {{ group }}_count)
        / (1 + 3.841459 / {{ group }}_count) as {{ group }}_centre,
        1.959964 * sqrt(
            share_of_{{ group }} * (1 - share_of_{{ group }}) / {{ group }}_count
            + 3.841459 / 4 / {{ group }}_count / {{ group }}_count
        ) / (1 + 3.841459 / {{ group }}_count) as {{ group }}_width,
        {% endfor -%}
        share_of_faded - share_of_stayed as difference

    from shares

),

differences as (

    select
        purchase_number,
        trait,
        value,
        faded_count,
        stayed_count,
        faded_with_count,
        stayed_with_count,
        share_of_faded,
        share_of_stayed,
        difference,
        difference - sqrt(
            power(share_of_faded - (faded_centre - faded_width), 2)
            + power(stayed_centre + stayed_width - share_of_stayed, 2)
        ) as difference_low,
        difference + sqrt(
            power(faded_centre + faded_width - share_of_faded, 2)
            + power(share_of_stayed - (stayed_centre - stayed_width), 2)
        ) as difference_high,
        {{ as_of_date() }} as as_of_date

    from wilson

)

select * from differences
