-- Addresses are read and told apart once for all events that have them, and a number stands for who
-- a mail went to: to group events by the names themselves costs twice as much.
{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        pre_hook="{{ make_room() }}",
    )
}}

with

named as (

    select
        account_key,
        written_email

    from {{ ref('stg_online_retail__simulated_email_events') }}

    {% if is_extending() -%}
    where false

    {% endif -%}
    union

    select
        account_key,
        written_email

    from {{ ref('stg_contract__email_events') }}

    {% if is_extending() -%}
    where file_id > {{ last_built_file() }}
    {%- endif %}

),

known as (

    {% if is_extending() -%}
    select * from {{ this }}
    {%- else -%}
    select
        cast(null as varchar) as account_key,
        cast(null as varchar) as written_email,
        cast(null as varchar) as email,
        cast(null as bigint) as recipient_number

    where false
    {%- endif %}

),

arrived as (

    select
        named.account_key,
        named.written_email,
        {{ normalised_email('named.written_email') }} as email

    from named

    anti join known
        on
            named.account_key is not distinct from known.account_key
            and named.written_email is not distinct from known.written_email

),

recipients as (

    select
        arrived.account_key,
        arrived.email,
        min(known.recipient_number) as recipient_number

    from arrived

    left outer join known
        on
            arrived.account_key is not distinct from known.account_key
            and arrived.email is not distinct from known.email

    group by
        arrived.account_key,
        arrived.email

),

numbered as (

    select
        account_key,
        email,
        coalesce(
            recipient_number,
            (select coalesce(max(known.recipient_number), 0) from known)
            + row_number() over (order by account_key asc nulls last, email asc nulls last)
        ) as recipient_number

    from recipients

)

select
    arrived.account_key,
    arrived.written_email,
    arrived.email,
    numbered.recipient_number

from arrived

inner join numbered
    on
        arrived.account_key is not distinct from numbered.account_key
        and arrived.email is not distinct from numbered.email
