-- Who is won back is first offered a small perk or nothing that costs, then as much or more: an
-- offer that gets worse teaches people to wait for none, one that begins high gives too much away.
-- Kinds go from nothing over a perk and a gift to a discount, discounts by what they are worth.
{{ config(meta={"dagster": {"ref": {"name": "programme_steps"}}}) }}

with

programmes as (

    select * from {{ ref('programmes') }}

    where is_winback

),

arms as (

    select * from {{ ref('programme_arms') }}

),

steps as (

    select * from {{ ref('programme_steps') }}

),

offers as (

    select
        offer,
        list_position(['perk', 'free_product', 'discount'], kind) as kind_place,
        value,
        value_unit

    from {{ ref('offers') }}

),

-- What members of the group are offered, and what all others are.
offered as (

    select
        programme,
        arm,
        step,
        'all' as offered_to,
        offer

    from steps

    union all

    select
        programme,
        arm,
        step,
        'group' as offered_to,
        coalesce(group_offer, offer) as offer

    from steps

),

walked as (

    select
        offered.programme,
        arms.arm,
        offered.step,
        coalesce(offers.kind_place, 0) as kind_place,
        offers.value,
        offers.value_unit,
        max(coalesce(offers.kind_place, 0)) over steps_before as highest_kind_place_before,
        max(offers.value) over values_before as highest_value_before

    from offered

    inner join programmes
        on offered.programme = programmes.programme

    inner join arms
        on
            offered.programme = arms.programme
            and arms.arm = coalesce(offered.arm, arms.arm)

    inner join offers
        on offered.offer = offers.offer

    window
        steps_before as (
            partition by offered.programme, arms.arm, offered.offered_to
            order by offered.step
            rows between unbounded preceding and 1 preceding
        ),
        values_before as (
            partition by offered.programme, arms.arm, offered.offered_to, offers.value_unit
            order by offered.step
            rows between unbounded preceding and 1 preceding
        )

),

wrong as (

    select * from walked

    where
        (step = 1 and kind_place > 1)
        or coalesce(kind_place < highest_kind_place_before, false)
        or coalesce(value < highest_value_before, false)

)

select * from wrong
