with

source as (

    select * from {{ source('raw_online_retail', 'simulated_email_events') }}

    where {{ is_chosen('online_retail') }}

),

events as (

    select
        'online_retail' as source,
        event_id,
        {{ account_key('online_retail', 'customer_id') }} as account_key,
        email as written_email,
        event,
        {{ to_utc('occurred_at', 'Europe/London') }} as occurred_at,
        campaign_id,
        message_id,
        bounce_type,
        is_machine,
        user_agent

    from source

)

select * from events
