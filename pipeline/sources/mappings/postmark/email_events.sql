-- stream: events
with

told as (

    select
        row_number,
        record as event,
        record ->> '$.RecordType' as kind,
        record ->> '$.Type' as bounce_kind,
        record ->> '$.SuppressionReason' as suppression,
        coalesce(cast(record ->> '$.SuppressSending' as boolean), false) as is_suppressed,
        coalesce(cast(record ->> '$.Inactive' as boolean), false) as is_inactive

    from records

),

mapped as (

    select
        row_number,
        -- Bounces and complaints share their numbers; other events have none.
        coalesce(
            lower(kind) || '-' || (event ->> '$.ID'), md5(cast(event as varchar))
        ) as event_id,
        coalesce(event ->> '$.Recipient', event ->> '$.Email') as email,
        case
            when kind = 'Delivery' then 'delivered'
            when kind = 'Open' then 'opened'
            when kind = 'Click' then 'clicked'
            when kind = 'SpamComplaint' then 'complained'
            when kind = 'Bounce' and bounce_kind = 'Unsubscribe' then 'unsubscribed'
            when kind = 'Bounce' and bounce_kind = 'SpamComplaint' then 'complained'
            -- Answers of machines to a mail that arrived, and tests.
            when
                kind = 'Bounce'
                and bounce_kind in (
                    'AutoResponder', 'ChallengeVerification', 'Subscribe', 'OpenRelayTest'
                )
                then null
            when kind = 'Bounce' then 'bounced'
            -- Somebody may be mailed again: no event says yes.
            when kind = 'SubscriptionChange' and not is_suppressed then null
            when kind = 'SubscriptionChange' and suppression = 'HardBounce' then 'bounced'
            when kind = 'SubscriptionChange' and suppression = 'SpamComplaint' then 'complained'
            when kind = 'SubscriptionChange' then 'unsubscribed'
            when kind = 'Inbound' then null
            -- What is no such event at all is refused too: the file's name may be wrong.
            else coalesce(kind, 'none told')
        end as event,
        coalesce(
            event ->> '$.DeliveredAt',
            event ->> '$.BouncedAt',
            event ->> '$.ReceivedAt',
            event ->> '$.ChangedAt'
        ) as occurred_at,
        nullif(event ->> '$.Tag', '') as campaign_id,
        event ->> '$.MessageID' as message_id,
        case
            when kind = 'SubscriptionChange' then 'hard'
            -- Postmark itself sends nothing more there.
            when is_inactive then 'hard'
            when bounce_kind in ('HardBounce', 'BadEmailAddress', 'ManuallyDeactivated') then 'hard'
            else 'soft'
        end as bounce_type,
        event ->> '$.UserAgent' as user_agent

    from told

)

select
    * exclude (bounce_type),
    case when event = 'bounced' then bounce_type end as bounce_type

from mapped

where event is not null
