-- A number given twice must not turn somebody's no into something else: a no stands first.
with

versions as (

    {{
        numbered_versions(
            'email_events',
            ['event_id'],
            first="records.event in ('unsubscribed', 'complained')"
            ~ " or (records.event = 'bounced' and records.bounce_type is distinct from 'soft')"
        )
    }}

),

events as (

    select
        'files' as source,
        event_id,
        {{ account_key('files', 'customer_id') }} as account_key,
        {{ normalised_email('email') }} as email,
        event,
        occurred_at,
        campaign_id,
        message_id,
        bounce_type,
        is_machine,
        user_agent

    from versions

    where version_number = 1

)

select * from events
