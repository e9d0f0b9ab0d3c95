-- The state of each channel on the as-of date, and the strictest word since: a yes counts from its
-- own day on, so one that is still to come undoes nothing.
with

consents as (

    select * from {{ ref('int_consents_unioned') }}

),

keys as (

    select * from {{ ref('int_customer_keys') }}

),

links as (

    select
        account_key,
        'email:' || email as email_key

    from {{ ref('int_identity_links') }}

),

-- A key that is later than the as-of date leads to a person by the key that is named beside it.
later_keys as (

    select
        links.account_key as person_key,
        keys.customer_id
    from links
    inner join keys
        on links.email_key = keys.person_key

    union

    select
        links.email_key as person_key,
        keys.customer_id
    from links
    inner join keys
        on links.account_key = keys.person_key

    union

    select
        person_key,
        customer_id
    from keys

),

owned as (

    select
        later_keys.customer_id,
        consents.channel,
        consents.state,
        consents.consented_at,
        consents.consented_date,
        consents.strictness

    from consents

    inner join later_keys
        on consents.person_key = later_keys.person_key

),

in_force as (

    select
        customer_id,
        channel,
        arg_max(
            {'state': state, 'since': consented_at},
            {'at': consented_at, 'strictness': -strictness}
        ) filter (where consented_date <= {{ as_of_date() }}) as standing,
        arg_min(state, strictness) filter (
            where consented_date > {{ as_of_date() }}
        ) as later_state,
        max(consented_at) filter (where consented_date <= {{ as_of_date() }}) as last_told_at,
        coalesce(
            bool_or(state = 'redacted') filter (where consented_date <= {{ as_of_date() }}), false
        ) as was_redacted,
        bool_or(state = 'redacted') as is_redacted_newest

    from owned

    group by
        customer_id,
        channel

),

states as (

    select
        customer_id,
        channel,
        standing['state'] as state,
        standing['since'] as state_since,
        coalesce(later_state, standing['state']) as newest_state,
        last_told_at,
        was_redacted,
        is_redacted_newest

    from in_force

)

select * from states
