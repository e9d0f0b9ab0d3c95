-- stream: events
with

-- All at once, because each path by itself goes through the whole record: a third of the time.
events as (

    select
        row_number,
        from_json(
            record,
            '{
                "id": "VARCHAR",
                "metric_name": "VARCHAR",
                "attributes": {
                    "datetime": "VARCHAR",
                    "event_properties": {
                        "Recipient Email Address": "VARCHAR",
                        "$flow": "VARCHAR",
                        "$message": "VARCHAR",
                        "$_cohort$message_send_cohort": "VARCHAR",
                        "Bounce Type": "VARCHAR",
                        "machine_open": "VARCHAR",
                        "$internal": {"User Agent": "VARCHAR"}
                    }
                },
                "relationships": {"profile": {"data": {"id": "VARCHAR"}}}
            }'
        ) as event

    from records

),

told as (

    select
        events.row_number,
        events.event.id as event_id,
        events.event.metric_name,
        events.event.attributes.datetime as occurred_at,
        events.event.relationships.profile.data.id as profile_id,
        events.event.attributes.event_properties as properties

    from events

),

mapped as (

    select
        told.row_number,
        told.event_id,
        -- Either the address or the profile, never both: a merge moves the events of one profile to
        -- another, and an event that named the new profile and the old address would make one
        -- person of two for ever. Profiles lead to addresses by the customers of this source.
        told.properties."Recipient Email Address" as email,
        case
            when told.properties."Recipient Email Address" is null then told.profile_id
        end as customer_id,
        case told.metric_name
            when 'received email' then 'delivered'
            when 'opened email' then 'opened'
            when 'clicked email' then 'clicked'
            when 'bounced email' then 'bounced'
            -- Refused by the sending service, which knows of an older bounce or complaint; without
            -- a type it is held for a hard one.
            when 'dropped email' then 'bounced'
            when 'marked email as spam' then 'complained'
            when 'unsubscribed' then 'unsubscribed'
            when 'unsubscribed from email marketing' then 'unsubscribed'
            else told.metric_name
        end as event,
        told.occurred_at,
        -- A flow sends its messages again and again; a campaign is its one message.
        coalesce(told.properties."$flow", told.properties."$message") as campaign_id,
        -- Moment of sending and message, so that a flow's message that came twice is two mails.
        coalesce(
            told.properties."$_cohort$message_send_cohort", told.properties."$message"
        ) as message_id,
        case when told.metric_name = 'bounced email' then lower(told.properties."Bounce Type") end
            as bounce_type,
        -- Absent means that nothing is known, not that a person did it.
        told.properties.machine_open as is_machine,
        told.properties."$internal"."User Agent" as user_agent

    from told

)

select * from mapped
