-- The lists of all steps of all programmes: people pass through them, so that many may leave at
-- once.
with

steps as (

    select * from {{ ref('programme_steps') }}

),

arms as (

    select * from {{ ref('programme_arms') }}

),

messages as (

    select
        steps.programme,
        steps.step,
        arms.arm,
        unnest(['first', 'resend']) as message

    from steps

    inner join arms
        on
            steps.programme = arms.programme
            and coalesce(steps.arm, arms.arm) = arms.arm

),

audiences as (

    select distinct {{ programme_list('messages') }} as audience

    from messages

)

select * from audiences
