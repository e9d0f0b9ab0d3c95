-- Not kept as a table: most of what is asked of events is asked of their mails.
{{ config(materialized="view") }}

with

online_retail as (

    select
        *,
        0 as file_id
    from {{ ref('stg_online_retail__simulated_email_events') }}

),

files as (

    select * exclude (is_superseded) from {{ ref('stg_contract__email_events') }}

    where not is_superseded

),

unioned as (

    select * from online_retail
    union all by name
    select * from files

),

user_agents as (

    select * from {{ ref('int_user_agents_judged') }}

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
        {{ mail_key('unioned') }} as mail_key,
        unioned.bounce_type,
        -- Whether a person did it: true, false, or null where nothing tells. A click takes a
        -- person unless something says otherwise; an open without a sign is no evidence.
        case
            when unioned.event not in ('opened', 'clicked') then null
            when unioned.is_machine or user_agents.is_machine then false
            when not unioned.is_machine then true
            when unioned.event = 'clicked' then true
            when not user_agents.is_machine then true
        end as is_human,
        unioned.file_id

    from unioned

    left outer join user_agents
        on unioned.user_agent = user_agents.user_agent

)

select * from judged
