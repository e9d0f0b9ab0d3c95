-- Whether a person may be mailed: both as of the day and by what was loaded since, which can only
-- take people out. Whoever is not known to have said yes may not.
with

described as (

    select * from {{ ref('int_customers_described') }}

),

consents as (

    select * from {{ ref('int_consents_in_force') }}

    where channel = 'email'

),

suppressions as (

    select * from {{ ref('int_suppressions') }}

),

permissions as (

    select
        described.customer_id,
        described.email,
        coalesce(consents.state, 'never') as email_consent,
        suppressions.suppressed_reason,
        case
            when described.email is null then 'no_address'
            when suppressions.newest_reason is not null then suppressions.newest_reason
            when coalesce(consents.newest_state, 'never') <> 'subscribed'
                then 'consent: ' || coalesce(consents.newest_state, 'never')
            when coalesce(consents.state, 'never') <> 'subscribed'
                then 'consent: ' || coalesce(consents.state, 'never')
        end as forbidden_reason

    from described

    left outer join consents
        on described.customer_id = consents.customer_id

    left outer join suppressions
        on described.customer_id = suppressions.customer_id

),

judged as (

    select
        customer_id,
        email,
        email_consent,
        suppressed_reason,
        forbidden_reason,
        forbidden_reason is null as may_be_mailed

    from permissions

)

select * from judged
