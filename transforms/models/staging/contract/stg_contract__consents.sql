with

records as (

    {{ contract_records('consents') }}

),

consents as (

    select
        _source as source,
        {{ own_account_key('customer_id') }} as account_key,
        {{ normalised_email('email') }} as email,
        channel,
        state,
        -- A keyword of DuckDB.
        "at" as consented_at -- noqa: RF06

    from records

)

select * from consents
