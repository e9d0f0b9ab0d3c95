-- Whether a person may be contacted on a channel: both as of the day and by what was loaded since,
-- which can only take people out. Whoever is not known to have said yes may not. Everybody has a
-- row for e-mail; of the other channels those have one who were ever asked.
with

described as (

    select * from {{ ref('int_customers_described') }}

),

consents as (

    select * from {{ ref('int_consents_in_force') }}

),

suppressions as (

    select * from {{ ref('int_suppressions') }}

),

soft_opt_in_countries as (

    select distinct upper(trim(country)) as country from {{ ref('soft_opt_in_countries') }}

),

channels as (

    select
        customer_id,
        'email' as channel
    from described

    union all

    select
        customer_id,
        channel
    from consents
    where channel in ('sms', 'phone', 'ads')

),

asked as (

    select
        channels.customer_id,
        channels.channel,
        case channels.channel
            when 'email' then described.email
            when 'ads' then coalesce(described.email, described.phone)
            else described.phone
        end as address,
        coalesce(consents.state, 'never') as consent,
        coalesce(consents.newest_state, 'never') as newest_consent,
        channels.channel in ('email', 'sms')
        and soft_opt_in_countries.country is not null as is_soft_opt_in_enough,
        suppressions.suppressed_reason,
        case
            when channels.channel = 'email' then suppressions.newest_reason
            else suppressions.newest_reason_elsewhere
        end as newest_reason

    from channels

    inner join described
        on channels.customer_id = described.customer_id

    left outer join consents
        on
            channels.customer_id = consents.customer_id
            and channels.channel = consents.channel

    left outer join suppressions
        on channels.customer_id = suppressions.customer_id

    left outer join soft_opt_in_countries
        on upper(trim(described.country)) = soft_opt_in_countries.country

),

reasons as (

    select
        customer_id,
        channel,
        address,
        consent,
        suppressed_reason,
        case
            when address is null then 'no_address'
            when newest_reason is not null then newest_reason
            {% for state in ('newest_consent', 'consent') -%}
            when
                {{ state }} <> 'subscribed'
                and not ({{ state }} = 'soft_opt_in' and is_soft_opt_in_enough)
                then 'consent: ' || {{ state }}
            {% endfor %}
        end as forbidden_reason

    from asked

),

permissions as (

    select
        *,
        case
            when forbidden_reason in ('redacted', 'consent: redacted') then 'erased'
            when forbidden_reason in ('objected', 'under_age', 'blocked') then forbidden_reason
            when forbidden_reason is not null then 'consent'
        end as gate,
        forbidden_reason is null as may_be_contacted

    from reasons

)

select * from permissions
