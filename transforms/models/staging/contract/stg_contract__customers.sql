with

versions as (

    {{
        numbered_versions(
            'customers', ['customer_id'], 'records.updated_at', has_loaded_number=true
        )
    }}

),

customers as (

    select
        _source as source,
        customer_id as account_id,
        {{ own_account_key('customer_id') }} as account_key,
        {{ normalised_email('email') }} as email,
        first_name,
        last_name,
        phone,
        lower(language) as language,
        country,
        city,
        birth_date,
        gender,
        registered_at,
        has_account,
        coalesce(is_blocked, false) as is_blocked,
        coalesce(updated_at, registered_at) as updated_at,
        updated_at is not null as has_update_time,
        email_consent,
        consent_at as consented_at,
        version_number,
        loaded_number

    from versions

)

select * from customers
