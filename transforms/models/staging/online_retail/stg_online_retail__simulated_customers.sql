with

source as (

    select * from {{ source('raw_online_retail', 'simulated_customers') }}

    where {{ is_chosen('online_retail') }}

),

customers as (

    select
        'online_retail' as source,
        customer_id as account_id,
        {{ account_key('online_retail', 'customer_id') }} as account_key,
        {{ normalised_email('email') }} as email,
        cast(null as varchar) as first_name,
        cast(null as varchar) as last_name,
        cast(null as varchar) as phone,
        language,
        country,
        cast(null as varchar) as city,
        cast(null as date) as birth_date,
        cast(null as varchar) as gender,
        {{ to_utc('registered_at', 'Europe/London') }} as registered_at,
        true as has_account,
        false as is_blocked,
        {{ to_utc('registered_at', 'Europe/London') }} as updated_at,
        cast(1 as bigint) as version_number,
        cast(1 as bigint) as loaded_number

    from source

)

select * from customers
