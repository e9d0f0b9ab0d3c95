-- A number given twice must not turn somebody's no into something else: a no stands first. Few
-- numbers are, and only those need an order: to order all of them costs far more.
{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="event_id",
        pre_hook="{% if is_incremental() and not is_extending() %}truncate {{ this }}{% endif %}",
    )
}}

with

-- Asked twice: to keep all rows in between costs more than the rest.
source as not materialized (

    select
        event_id,
        event,
        bounce_type,
        _file_id as file_id,
        _row_number as row_number

    from {{ source('raw_files', 'email_events') }}

    where {{ is_chosen('files') }}

),

files as (

    select * from {{ source('raw_files', 'loaded_files') }}

),

-- Numbers that more than one row may have; two of them may share a hash without harm.
repeated as (

    {% if is_extending() -%}
    select hash(event_id) as event_hash

    from source

    where file_id > {{ last_built_file() }}
    {%- else -%}
    select hash(event_id) as event_hash

    from source

    group by hash(event_id)

    having count(*) > 1
    {%- endif %}

),

ranked as (

    select
        source.event_id,
        source.file_id,
        source.row_number,
        row_number() over (
            partition by source.event_id
            order by
                case
                    when source.event in ('unsubscribed', 'complained') then 0
                    when
                        source.event = 'bounced'
                        and source.bounce_type is distinct from 'soft'
                        then 0
                    else 1
                end,
                files.sort_key desc,
                files.load_number desc,
                source.row_number desc
        ) as version_number

    from source

    inner join files
        on source.file_id = files.file_id

    where hash(source.event_id) in (
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
