with

online_retail as (

    select * from {{ ref('stg_online_retail__simulated_email_events') }}

),

files as (

    select * from {{ ref('stg_files__email_events') }}

),

unioned as (

    select * from online_retail
    union all by name
    select * from files

),

machine_patterns as (

    select string_agg(pattern, '|' order by pattern) as patterns

    from {{ ref('machine_user_agents') }}

),

user_agents as (

    select user_agent from {{ ref('stg_files__user_agents') }}

    union distinct

    select user_agent from online_retail

    where
        event in ('opened', 'clicked')
        and nullif(trim(user_agent), '') is not null

),

-- A pattern that stands in a table is compiled anew for each row: once per user agent is enough.
judged_agents as (

    select
        user_agents.user_agent,
        coalesce(
            regexp_matches(lower(user_agents.user_agent), machine_patterns.patterns), false
        ) as is_machine

    from user_agents

    cross join machine_patterns

),

judged as (

    select
        unioned.source,
        unioned.event_id,
        unioned.account_key,
        unioned.email,
        coalesce(unioned.account_key, 'email:' || unioned.email) as person_key,
        unioned.event,
        unioned.occurred_at,
        {{ shop_date('unioned.occurred_at') }} as occurred_date,
        unioned.campaign_id,
        -- Tools that name no message still name the campaign, which mails a person once.
        coalesce(unioned.message_id, unioned.campaign_id, unioned.event_id) as mail_key,
        unioned.bounce_type,
        -- Whether a person did it: true, false, or null where nothing tells. A click takes a
        -- person unless something says otherwise; an open without a sign is no evidence.
        case
            when unioned.event not in ('opened', 'clicked') then null
            when unioned.is_machine or judged_agents.is_machine then false
            when not unioned.is_machine then true
            when unioned.event = 'clicked' then true
            when not judged_agents.is_machine then true
        end as is_human

    from unioned

    left outer join judged_agents
        on unioned.user_agent = judged_agents.user_agent

)

select * from judged
