-- stream: events
with

-- A line is the event itself, or a notification of SNS with the event as text inside.
events as (

    select
        row_number,
        coalesce(try_cast(record ->> '$.Message' as json), record) as event

    from records

    where coalesce(record ->> '$.Type', '') not in (
        'SubscriptionConfirmation', 'UnsubscribeConfirmation'
    )

),

told as (

    select
        row_number,
        event,
        coalesce(
            event ->> '$.eventType', event ->> '$.notificationType', event ->> '$.Type'
        ) as kind,
        event ->> '$.mail.destination[*]' as destination

    from events

),

-- One event may concern several recipients. Of an open or click in a mail to several people nobody
-- can tell whose it was.
recipients as (

    select
        row_number,
        event,
        kind,
        unnest(
            case kind
                when 'Bounce' then event ->> '$.bounce.bouncedRecipients[*].emailAddress'
                when 'Complaint' then event ->> '$.complaint.complainedRecipients[*].emailAddress'
                when 'Delivery' then event ->> '$.delivery.recipients[*]'
                when 'Open' then case when len(destination) = 1 then destination end
                when 'Click' then case when len(destination) = 1 then destination end
                when 'Send' then destination
                when 'Subscription' then destination
                else case when len(destination) > 0 then destination else [null] end
            end
        ) as email

    from told

),

mapped as (

    select
        row_number,
        md5(concat_ws('|', cast(event as varchar), email)) as event_id,
        email,
        case
            when kind = 'Send' then 'sent'
            when kind = 'Delivery' then 'delivered'
            when kind = 'Open' then 'opened'
            when kind = 'Click' then 'clicked'
            when kind = 'Bounce' then 'bounced'
            when kind = 'Complaint' then 'complained'
            when
                kind = 'Subscription'
                and (event ->> '$.subscription.newTopicPreferences.unsubscribeAll') = 'true'
                then 'unsubscribed'
            -- A yes or a no to one topic, a delay, a fault of the sender's, or a mail that came in.
            when
                kind in (
                    'Subscription', 'DeliveryDelay', 'Reject', 'Rendering Failure', 'Received'
                )
                then null
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(kind, 'none told')
        end as event,
        coalesce(
            event ->> '$.bounce.timestamp',
            event ->> '$.complaint.timestamp',
            event ->> '$.delivery.timestamp',
            event ->> '$.open.timestamp',
            event ->> '$.click.timestamp',
            event ->> '$.subscription.timestamp',
            event ->> '$.mail.timestamp'
        ) as occurred_at,
        coalesce(
            event ->> '$.mail.tags.campaign_id[0]', event ->> '$.mail.tags.campaign[0]'
        ) as campaign_id,
        event ->> '$.mail.messageId' as message_id,
        case event ->> '$.bounce.bounceType'
            when 'Permanent' then 'hard'
            when 'Transient' then 'soft'
        end as bounce_type,
        coalesce(event ->> '$.open.userAgent', event ->> '$.click.userAgent') as user_agent

    from recipients

)

select * from mapped

where event is not null
