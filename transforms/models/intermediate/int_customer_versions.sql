with

online_retail as (

    select
        *,
        cast(null as varchar) as email_consent,
        cast(null as timestamp) as consented_at

    from {{ ref('stg_online_retail__simulated_customers') }}

),

files as (

    select * from {{ ref('stg_contract__customers') }}

),

unioned as (

    select * from online_retail
    union all by name
    select * from files

),

shared_addresses as (

    select distinct {{ normalised_email('email') }} as email

    from {{ ref('shared_addresses') }}

),

-- Nobody is reached by an address that stands for nobody in particular.
reachable as (

    select
        unioned.source,
        unioned.account_id,
        unioned.account_key,
        case when shared_addresses.email is null then unioned.email end as email,
        unioned.first_name,
        unioned.last_name,
        unioned.phone,
        unioned.language,
        unioned.country,
        unioned.city,
        unioned.birth_date,
        unioned.gender,
        unioned.registered_at,
        unioned.has_account,
        unioned.is_blocked,
        unioned.updated_at,
        unioned.email_consent,
        unioned.consented_at,
        unioned.version_number,
        unioned.loaded_number

    from unioned

    left outer join shared_addresses
        on unioned.email = shared_addresses.email

)

select * from reachable
