-- The period of each programme, and of the global control, in which the day lies.
with

periods as (

    select * from {{ ref('programme_periods') }}

    where valid_from <= {{ as_of_date() }}

),

in_force as (

    select
        programme,
        arg_max(salt, valid_from) as salt,
        arg_max(control_share, valid_from) as control_share,
        -- An empty one counts: nothing was planned for this period.
        arg_max({'planned_count': planned_count}, valid_from)['planned_count'] as planned_count

    from periods

    group by programme

)

select * from in_force
