-- What became of each mail, by who it went to, up to the as-of date. All of it are first and last
-- days and whether something ever happened, so what arrives can be taken into what is there; only a
-- mail that lost an event, because another version of that event stands now, is gone through anew.
{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="mail_hash",
        pre_hook="{{ make_room() }}",
        post_hook="delete from {{ this }} where first_date is null",
    )
}}

-- depends_on: {{ ref('stg_contract__email_events') }}
-- depends_on: {{ ref('int_email_recipients') }}
{% if is_extending() -%}
with

superseded as (

    select
        events.event_id,
        recipients.recipient_number,
        {{ mail_key('events') }} as mail_key

    from {{ ref('stg_contract__email_events') }} as events

    inner join {{ ref('int_email_recipients') }} as recipients
        on
            events.account_key is not distinct from recipients.account_key
            and events.written_email is not distinct from recipients.written_email

    where events.is_superseded

),

arrived_again as (

    select event_id from {{ ref('stg_contract__email_events') }}

    where file_id > {{ last_built_file() }}

),

bereft as (

    select distinct
        {{ mail_hash('superseded') }} as mail_hash,
        superseded.recipient_number,
        superseded.mail_key

    from superseded

    semi join arrived_again
        on superseded.event_id = arrived_again.event_id

),

-- Asked twice, of few rows each time: to keep them all in between costs more than the rest.
all_events as not materialized (

    select
        events.*,
        {{ mail_hash('events') }} as mail_hash

    from {{ ref('int_email_events_unioned') }} as events

    where events.occurred_date <= {{ as_of_date() }}

),

-- A shop's day after that of the last build begins after midnight of that day in UTC, wherever the
-- shop is. Asked for one by one, because of an `or` DuckDB reads all rows.
arrived as (

    select * from all_events

    where file_id > {{ last_built_file() }}

    union all

    select * from all_events

    where
        file_id <= {{ last_built_file() }}
        and occurred_at >= cast({{ last_built_day() }} as timestamp)

),

events as (

    select arrived.*

    from arrived

    anti join bereft
        on arrived.mail_hash = bereft.mail_hash

    union all

    select all_events.*

    from all_events

    semi join bereft
        on all_events.mail_hash = bereft.mail_hash

),
{%- else -%}
with

events as (

    select *

    from {{ ref('int_email_events_unioned') }}

    where occurred_date <= {{ as_of_date() }}

),
{%- endif %}

by_event as (

    select
        recipient_number,
        mail_key,
        occurred_date as first_date,
        case when event in ('sent', 'delivered') then occurred_date end as sent_date,
        event = 'delivered' as is_delivered,
        event = 'sent' as is_sent,
        event = 'bounced' as is_bounced,
        case when event = 'opened' and is_human then occurred_date end as human_open_date,
        case when event = 'clicked' and is_human then occurred_date end as human_click_date,
        case when event = 'opened' and not is_human then occurred_date end as machine_open_date,
        case
            when event = 'opened' and is_human is null then occurred_date
        end as unexplained_open_date,
        case when is_human then occurred_at end as last_human_engagement_at

    from events

    {% if is_extending() -%}
    union all

    select
        kept.recipient_number,
        kept.mail_key,
        kept.first_date,
        kept.sent_date,
        kept.is_delivered,
        kept.is_sent,
        kept.is_bounced,
        kept.human_open_date,
        kept.human_click_date,
        kept.machine_open_date,
        kept.unexplained_open_date,
        kept.last_human_engagement_at

    from {{ this }} as kept

    semi join events
        on kept.mail_hash = events.mail_hash

    anti join bereft
        on kept.mail_hash = bereft.mail_hash

    union all by name

    -- A mail that nothing is left of goes.
    select * exclude (mail_hash) from bereft

    {% endif -%}
),

mails as (

    select
        recipient_number,
        mail_key,
        min(first_date) as first_date,
        max(sent_date) as sent_date,
        bool_or(is_delivered) as is_delivered,
        bool_or(is_sent) as is_sent,
        bool_or(is_bounced) as is_bounced,
        max(human_open_date) as human_open_date,
        max(human_click_date) as human_click_date,
        max(machine_open_date) as machine_open_date,
        max(unexplained_open_date) as unexplained_open_date,
        max(last_human_engagement_at) as last_human_engagement_at

    from by_event

    group by
        recipient_number,
        mail_key

)

select
    {{ mail_hash('mails') }} as mail_hash,
    *

from mails
