-- A message of a step that does not exist would never be counted.
{{ config(meta={"dagster": {"ref": {"name": "programme_messages"}}}) }}

with

messages as (

    select * from {{ ref('programme_messages') }}

),

steps as (

    select * from {{ ref('programme_steps') }}

),

-- A message of one arm may be of a step that every arm has, and the other way round.
unknown as (

    select
        messages.programme,
        messages.step,
        messages.arm

    from messages

    anti join steps
        on
            messages.programme = steps.programme
            and messages.step = steps.step
            and coalesce(messages.arm, steps.arm, '') = coalesce(steps.arm, messages.arm, '')

)

select * from unknown
