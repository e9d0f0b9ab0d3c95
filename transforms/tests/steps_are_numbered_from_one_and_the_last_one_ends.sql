-- What somebody in an arm goes through, its own steps and those of every arm, is numbered without
-- gaps; dates of the customer's rhythm come in their order, a message is sent once more only before
-- the next step, and the last step alone says when the ladder ends.
{{ config(meta={"dagster": {"ref": {"name": "programme_steps"}}}) }}

with

arms as (

    select * from {{ ref('programme_arms') }}

),

steps as (

    select * from {{ ref('programme_steps') }}

),

walked as (

    select
        arms.programme,
        arms.arm,
        steps.step,
        steps.resend_after_days,
        steps.ends_after_days,
        list_position(
            ['slipping', 'dormant', 'halfway', 'long_dormant'], nullif(steps.basis, 'entry')
        ) as basis_place,
        row_number() over one_ladder as place,
        lead(steps.step) over one_ladder as next_step,
        lead(steps.basis) over one_ladder as next_basis,
        lead(steps.after_days) over one_ladder as next_after_days

    from arms

    inner join steps
        on
            arms.programme = steps.programme
            and arms.arm = coalesce(steps.arm, arms.arm)

    window one_ladder as (
        partition by arms.programme, arms.arm
        order by steps.step, steps.arm
    )

),

ordered as (

    select
        *,
        max(basis_place) over (
            partition by programme, arm
            order by place
            rows between unbounded preceding and 1 preceding
        ) as highest_basis_place_before

    from walked

),

wrong as (

    select
        programme,
        arm,
        step

    from ordered

    where
        step <> place
        or coalesce(basis_place <= highest_basis_place_before, false)
        or coalesce(next_basis = 'entry' and resend_after_days >= next_after_days, false)
        or (next_step is null) <> (ends_after_days is not null)

    union all

    -- Steps of an arm that does not exist are nobody's.
    select
        steps.programme,
        steps.arm,
        steps.step

    from steps

    anti join arms
        on
            steps.programme = arms.programme
            and coalesce(steps.arm, arms.arm) = arms.arm

)

select * from wrong
