with

source as (

    select * from {{ source('raw_files', 'consents') }}

    where {{ is_chosen('files') }}

),

consents as (

    select
        'files' as source,
        {{ account_key('files', 'customer_id') }} as account_key,
        {{ normalised_email('email') }} as email,
        channel,
        state,
        -- A keyword of DuckDB.
        "at" as consented_at -- noqa: RF06

    from source

)

select * from consents
