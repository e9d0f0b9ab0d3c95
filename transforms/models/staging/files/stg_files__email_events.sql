with

source as (

    select * from {{ source('raw_files', 'email_events') }}

    where {{ is_chosen('files') }}

),

superseded as (

    select * from {{ ref('stg_files__email_events_superseded') }}

),

events as (

    select
        'files' as source,
        source.event_id,
        {{ account_key('files', 'source.customer_id') }} as account_key,
        -- As it was written: it is read once for all events that have it.
        source.email as written_email,
        source.event,
        source.occurred_at,
        source.campaign_id,
        source.message_id,
        source.bounce_type,
        source.is_machine,
        source.user_agent,
        source._file_id as file_id,
        superseded.event_id is not null as is_superseded

    from source

    left outer join superseded
        on
            source._file_id = superseded.file_id
            and source._row_number = superseded.row_number

)

select * from events
