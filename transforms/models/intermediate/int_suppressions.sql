-- Why a person must not be contacted whatever he consented to, and from which day on.
with

keys as (

    select * from {{ ref('int_customer_keys') }}

),

described as (

    select * from {{ ref('int_customers_described') }}

),

events as (

    select * from {{ ref('int_email_events_forbidding') }}

),

consents as (

    select * from {{ ref('int_consents_in_force') }}

),

unread_records as (

    select * from {{ ref('stg_contract__unread_records') }}

),

tools as (

    select
        {{ normalised_email('email') }} as email,
        reason,
        coalesce(suppressed_at, read_at) as suppressed_at

    from {{ source('sync', 'suppressions') }}

),

-- A complaint is a person's; a bounce is an address's and ends with a new one.
complained as (

    select
        keys.customer_id,
        'complained' as reason,
        3 as severity,
        min(events.occurred_date) as suppressed_on

    from events

    inner join keys
        on events.person_key = keys.person_key

    where events.event = 'complained'

    group by keys.customer_id

),

bounced as (

    select
        described.customer_id,
        'hard_bounce' as reason,
        6 as severity,
        min(events.occurred_date) as suppressed_on

    from events

    inner join keys
        on events.person_key = keys.person_key

    inner join described
        on
            keys.customer_id = described.customer_id
            -- An event without an address is held against the one that stands.
            and coalesce(events.email, described.email) = described.email

    where events.event = 'bounced'

    group by described.customer_id

),

refused as (

    select
        described.customer_id,
        'tool: ' || min(tools.reason) as reason,
        7 as severity,
        min({{ shop_date('tools.suppressed_at') }}) as suppressed_on

    from tools

    inner join described
        on tools.email = described.email

    group by described.customer_id

),

redacted as (

    select
        customer_id,
        'redacted' as reason,
        1 as severity,
        case
            when bool_or(was_redacted) then {{ as_of_date() }} else {{ as_of_date() }} + 1
        end as suppressed_on

    from consents

    where is_redacted_newest

    group by customer_id

),

-- An objection, on whichever channel, is to all of it.
objected as (

    select
        customer_id,
        'objected' as reason,
        2 as severity,
        case
            when bool_or(state = 'objected') then {{ as_of_date() }} else {{ as_of_date() }} + 1
        end as suppressed_on

    from consents

    where
        state = 'objected'
        or newest_state = 'objected'

    group by customer_id

),

blocked as (

    select
        customer_id,
        'blocked' as reason,
        4 as severity,
        case when is_blocked then {{ as_of_date() }} else {{ as_of_date() }} + 1 end
            as suppressed_on

    from described

    where
        is_blocked
        or is_blocked_newest

),

too_young as (

    {% set least_age = "interval " ~ var('least_age_years') ~ " year" -%}
    select
        customer_id,
        'under_age' as reason,
        5 as severity,
        case
            when birth_date + {{ least_age }} > {{ as_of_date() }} then {{ as_of_date() }}
            else {{ as_of_date() }} + 1
        end as suppressed_on

    from described

    where
        birth_date + {{ least_age }} > {{ as_of_date() }}
        or birth_date_newest + {{ least_age }} > {{ as_of_date() }}

),

-- What could not be read may be a no: until it is settled nobody writes.
unread as (

    select
        keys.customer_id,
        'unread_record' as reason,
        8 as severity,
        {{ as_of_date() }} + 1 as suppressed_on

    from unread_records

    inner join keys
        on unread_records.person_key = keys.person_key

    left outer join consents
        on
            keys.customer_id = consents.customer_id
            and unread_records.entity = 'consents'
            and consents.channel = 'email'
            and unread_records.quarantined_at < consents.last_told_at

    where consents.customer_id is null

    group by keys.customer_id

),

unioned as (

    select * from complained
    union all
    select * from bounced
    union all
    select * from refused
    union all
    select * from redacted
    union all
    select * from objected
    union all
    select * from blocked
    union all
    select * from too_young
    union all
    select * from unread

),

suppressions as (

    select
        customer_id,
        arg_min(reason, {'severity': severity, 'reason': reason}) filter (
            where suppressed_on <= {{ as_of_date() }}
        ) as suppressed_reason,
        arg_min(reason, {'severity': severity, 'reason': reason}) as newest_reason,
        -- An address that bounces says nothing against a telephone.
        arg_min(reason, {'severity': severity, 'reason': reason}) filter (
            where reason <> 'hard_bounce'
        ) as newest_reason_elsewhere

    from unioned

    group by customer_id

)

select * from suppressions
