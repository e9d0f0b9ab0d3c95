-- Which steps are to be written down, each under the id that its entry was written under: when
-- people become one, another may stand for them since.
with

moves as (

    select * from {{ ref('programme_moves') }}

),

enrolments as (

    select * from {{ ref('programme_enrolments') }}

),

steps as (

    select
        coalesce(enrolments.enrolled_as, moves.customer_id) as customer_id,
        moves.programme,
        moves.entered_on,
        moves.step,
        moves.message,
        moves.is_listed,
        moves.offer,
        moves.offer_ends_on,
        moves.audience

    from moves

    left outer join enrolments
        on
            moves.customer_id = enrolments.customer_id
            and moves.programme = enrolments.programme
            and moves.entered_on = enrolments.entered_on

)

select * from steps
