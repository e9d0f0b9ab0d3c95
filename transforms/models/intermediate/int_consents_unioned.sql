with

online_retail as (

    select * from {{ ref('stg_online_retail__simulated_consents') }}

),

files as (

    select * from {{ ref('stg_contract__consents') }}

),

customer_versions as (

    select
        source,
        account_key,
        email,
        email_consent as state,
        consented_at,
        registered_at,
        updated_at,
        has_update_time,
        loaded_number = 1 as is_newest,
        lag(email_consent) over (
            partition by account_key
            order by
                updated_at asc nulls first,
                loaded_number desc
        ) as previous_state

    from {{ ref('stg_contract__customers') }}

    where email_consent is not null

),

-- The short form: the state stands in the customer's own record. Without a date of its own it is
-- as old as the record: a record that was written again for another reason says nothing new, and
-- must not undo what was unsubscribed elsewhere in between. Only a change is dated by its record;
-- a refusal always is, and one without any date holds whatever else was said and when.
files_customers as (

    select
        source,
        account_key,
        email,
        'email' as channel,
        state,
        coalesce(
            consented_at,
            case
                when
                    is_newest
                    and not has_update_time
                    and state in ('unsubscribed', 'objected', 'redacted')
                    then timestamp '2199-12-31'
                when previous_state <> state or state not in ('subscribed', 'soft_opt_in')
                    then updated_at
            end,
            registered_at,
            timestamp '1970-01-01'
        ) as consented_at

    from customer_versions

),

-- Who unsubscribes or complains in the e-mail tool has unsubscribed.
events as (

    select
        source,
        account_key,
        email,
        'email' as channel,
        'unsubscribed' as state,
        occurred_at as consented_at

    from {{ ref('int_email_events_forbidding') }}

    where event in ('unsubscribed', 'complained')

),

unioned as (

    select * from online_retail
    union all by name
    select * from files
    union all by name
    select * from files_customers
    union all by name
    select * from events

),

keyed as (

    select
        source,
        account_key,
        email,
        coalesce(account_key, 'email:' || email) as person_key,
        channel,
        state,
        consented_at,
        {{ shop_date('consented_at') }} as consented_date,
        -- Of two states of one instant the stricter counts.
        case state
            when 'redacted' then 1
            when 'objected' then 2
            when 'unsubscribed' then 3
            when 'never' then 4
            when 'pending' then 5
            when 'soft_opt_in' then 6
            else 7
        end as strictness

    from unioned

)

select * from keyed
