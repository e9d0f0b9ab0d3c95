with

versions as (

    {{ numbered_versions('answers', ['id']) }}

),

answers as (

    select
        _source as source,
        id as answer_id,
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

select * from answers
