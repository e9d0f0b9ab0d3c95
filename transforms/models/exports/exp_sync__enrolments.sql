-- Who is to be written down as having entered, with the list that the first step puts him or those
-- treated beside him on: entry and step are written when that list is sent, not before.
with

entries as (

    select * from {{ ref('programme_entries') }}

    where
        case
            when programme = 'all' then is_new
            else not is_global_control
        end

),

moves as (

    select * from {{ ref('programme_moves') }}

    where is_entry

),

enrolments as (

    select
        entries.customer_id,
        entries.programme,
        entries.arm,
        entries.is_control,
        entries.salt,
        entries.entry_values,
        moves.audience

    from entries

    left outer join moves
        on
            entries.customer_id = moves.customer_id
            and entries.programme = moves.programme

)

select * from enrolments
