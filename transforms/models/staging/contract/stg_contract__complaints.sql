with

versions as (

    {{ numbered_versions('complaints', ['id']) }}

),

complaints as (

    select
        _source as source,
        id as complaint_id,
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

select * from complaints
