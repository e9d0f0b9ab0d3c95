-- A number given twice must not turn somebody's no into something else: a no stands first. Few
-- numbers are, and only those need an order: to order all of them costs far more.
{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="event_id",
        pre_hook="{{ make_room() }}",
    )
}}

with

-- Asked twice: to keep all rows in between costs more than the rest.
events as not materialized (

    select
        records._source as source,
        records.event_id,
        records.event,
        records.bounce_type,
        records._file_id as file_id,
        records._row_number as row_number

    from ({{ contract_records('email_events') }}) as records

),

files as (

    {{ contract_files('email_events') }}

),

-- Numbers that more than one row may have; two of them may share a hash without harm.
repeated as (

    {% if is_extending() -%}
    select hash(event_id) as event_hash

    from events

    where file_id > {{ last_built_file() }}
    {%- else -%}
    select hash(event_id) as event_hash

    from events

    group by hash(event_id)

    having count(*) > 1
    {%- endif %}

),

ranked as (

    select
        events.event_id,
        events.file_id,
        events.row_number,
        row_number() over (
            partition by
                events.source,
                events.event_id
            order by
                case
                    when events.event in ('unsubscribed', 'complained') then 0
                    when
                        events.event = 'bounced'
                        and events.bounce_type is distinct from 'soft'
                        then 0
                    else 1
                end,
                files.sort_key desc,
                files.load_number desc,
                events.row_number desc
        ) as version_number

    from events

    inner join files
        on events.file_id = files.file_id

    where hash(events.event_id) in (
        select repeated.event_hash
        from repeated
    )

)

select
    event_id,
    file_id,
    row_number

from ranked

where version_number > 1
