-- Who has entered which programme before the day, as whom he stands now. When two people have
-- become one, arm and history are those of the id that stands, else of the other.
with

enrolments as (

    select * from {{ source('sync', 'enrolments') }}

    where as_of_date < {{ as_of_date() }}

),

aliases as (

    select * from {{ ref('int_customer_aliases') }}

),

owned as (

    select
        coalesce(aliases.current_customer_id, enrolments.customer_id) as customer_id,
        enrolments.customer_id as enrolled_as,
        enrolments.programme,
        enrolments.as_of_date as entered_on,
        enrolments.arm,
        enrolments.is_control,
        enrolments.salt,
        enrolments.entry_values

    from enrolments

    left outer join aliases
        on enrolments.customer_id = aliases.customer_id

),

standing as (

    select
        *,
        first_value(enrolled_as) over (
            partition by
                customer_id,
                programme
            order by
                enrolled_as <> customer_id,
                entered_on,
                enrolled_as
        ) as standing_as

    from owned

),

entries as (

    select
        customer_id,
        enrolled_as,
        programme,
        entered_on,
        arm,
        is_control,
        salt,
        entry_values ->> 'reason' as reason,
        cast(entry_values ->> 'slipping_on' as date) as slipping_on,
        cast(entry_values ->> 'dormant_on' as date) as dormant_on,
        cast(entry_values ->> 'long_dormant_on' as date) as long_dormant_on,
        cast(entry_values ->> 'last_purchase_date' as date) as last_purchase_date,
        cast(entry_values ->> 'outcome_days' as integer) as outcome_days,
        cast(entry_values ->> 'chance_without' as double) as chance_without,
        cast(entry_values ->> 'revenue_cap' as decimal(18, 2)) as revenue_cap,
        cast(entry_values ->> 'control_share' as decimal(9, 4)) as control_share,
        row_number() over (
            partition by
                customer_id,
                programme,
                salt
            order by entered_on
        ) as entry_number

    from standing

    where enrolled_as = standing_as

)

select * from entries
