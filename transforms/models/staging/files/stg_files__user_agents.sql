-- Read apart from the events, so that those are gone through once.
with

source as (

    select * from {{ source('raw_files', 'email_events') }}

    where
        {{ is_chosen('files') }}
        and event in ('opened', 'clicked')

),

user_agents as (

    select distinct user_agent

    from source

    where nullif(trim(user_agent), '') is not null

)

select * from user_agents
