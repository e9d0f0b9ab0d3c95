-- Events that speak against mailing somebody: few of all, and two models ask for them. Each stands
-- before other versions of its number, so one that is kept falls only to another of its kind.
{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["source", "event_id"],
        pre_hook="{{ make_room() }}",
    )
}}

with

events as (

    select
        source,
        event_id,
        account_key,
        email,
        person_key,
        event,
        occurred_at,
        occurred_date

    from {{ ref('int_email_events_unioned') }}

    where
        (
            event in ('unsubscribed', 'complained')
            -- A bounce that nobody calls soft may be a hard one.
            or (event = 'bounced' and bounce_type is distinct from 'soft')
        )
        {% if is_extending() -%}
        and file_id > {{ last_built_file() }}
        {% endif %}
)

select * from events
