-- Which programs that opened or clicked mails are machines. A pattern that stands in a table is
-- compiled anew for each row: once per program is enough.
{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="user_agent",
        pre_hook="{{ make_room() }}",
    )
}}

with

patterns as (

    select string_agg(pattern, '|' order by pattern) as patterns

    from {{ ref('machine_user_agents') }}

),

user_agents as (

    select user_agent from {{ ref('stg_contract__email_events') }}

    where
        event in ('opened', 'clicked')
        and nullif(trim(user_agent), '') is not null
        {% if is_extending() -%}
        and file_id > {{ last_built_file() }}
        {% endif %}
    union distinct

    select user_agent from {{ ref('stg_online_retail__simulated_email_events') }}

    where
        event in ('opened', 'clicked')
        and nullif(trim(user_agent), '') is not null

),

judged as (

    select
        user_agents.user_agent,
        coalesce(regexp_matches(lower(user_agents.user_agent), patterns.patterns), false)
            as is_machine

    from user_agents

    cross join patterns

)

select * from judged
