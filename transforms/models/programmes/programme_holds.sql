-- Controls who are to be left in peace by other programmes of the e-mail tool too: on the ladder of
-- their programme, or in the global control of this period.
with

ladders as (

    select * from {{ ref('programme_ladders') }}

    where
        ended_on is null
        and is_control

),

entries as (

    select * from {{ ref('programme_entries') }}

),

enrolments as (

    select * from {{ ref('programme_enrolments') }}

    where
        programme = 'all'
        and is_control

),

period as (

    select * from {{ ref('programme_periods_in_force') }}

    where programme = 'all'

),

held as (

    select
        customer_id,
        programme
    from ladders

    union distinct

    select
        entries.customer_id,
        entries.programme
    from entries
    where
        entries.is_control
        and (entries.programme = 'all' or not entries.is_global_control)

    union distinct

    select
        enrolments.customer_id,
        enrolments.programme
    from enrolments
    inner join period
        on enrolments.salt = period.salt

)

select * from held
