-- Every step that was written down until now, also by an earlier run of this day, as whoever the
-- person is now: those too that were taken under an id whose ladder does not go on.
with

written as (

    select * from {{ source('sync', 'programme_steps') }}

    where as_of_date <= {{ as_of_date() }}

),

aliases as (

    select * from {{ ref('int_customer_aliases') }}

),

owned as (

    select
        coalesce(aliases.current_customer_id, written.customer_id) as customer_id,
        written.programme,
        written.step,
        written.message,
        written.is_listed,
        written.as_of_date as taken_on

    from written

    left outer join aliases
        on written.customer_id = aliases.customer_id

)

select * from owned
