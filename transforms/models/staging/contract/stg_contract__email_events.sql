with

records as (

    {{ contract_records('email_events') }}

),

superseded as (

    select * from {{ ref('stg_contract__email_events_superseded') }}

),

events as (

    select
        records._source as source,
        records.event_id,
        {{ own_account_key('customer_id') }} as account_key,
        {{ normalised_email('records.email') }} as email,
        records.event,
        records.occurred_at,
        records.campaign_id,
        records.message_id,
        records.bounce_type,
        records.is_machine,
        records.user_agent,
        records._file_id as file_id,
        superseded.event_id is not null as is_superseded

    from records

    left outer join superseded
        on
            records._file_id = superseded.file_id
            and records._row_number = superseded.row_number

)

select * from events
