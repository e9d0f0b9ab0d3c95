-- Shares that change within a period would make people of different months look alike who are not:
-- a new share takes a new line in programme_periods with a salt of its own.
{{ config(meta={"dagster": {"ref": {"name": "programme_enrolments"}}}) }}

with

enrolments as (

    select * from {{ ref('programme_enrolments') }}

),

periods as (

    select * from {{ ref('programme_periods') }}

)

select
    enrolments.programme,
    enrolments.salt,
    enrolments.control_share as share_at_entry,
    periods.control_share

from enrolments

inner join periods
    on
        enrolments.programme = periods.programme
        and enrolments.salt = periods.salt

where enrolments.control_share <> periods.control_share
