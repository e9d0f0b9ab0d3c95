with

source as (

    select * from {{ source('raw_online_retail', 'simulated_consents') }}

    where {{ is_chosen('online_retail') }}

),

consents as (

    select
        'online_retail' as source,
        {{ account_key('online_retail', 'customer_id') }} as account_key,
        {{ normalised_email('email') }} as email,
        channel,
        state,
        {{ to_utc('"at"', 'Europe/London') }} as consented_at

    from source

)

select * from consents
