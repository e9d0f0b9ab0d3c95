with

versions as (

    {{ numbered_versions('returns', ['id']) }}

),

returns as (

    select
        _source as source,
        id as return_id,
        order_id,
        {{ own_account_key('customer_id') }} as account_key,
        {{ normalised_email('email') }} as email,
        occurred_at,
        resolved_at,
        amount,
        reason,
        score

    from versions

    where version_number = 1

)

select * from returns
