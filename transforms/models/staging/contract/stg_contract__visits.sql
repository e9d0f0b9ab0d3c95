with

versions as (

    {{
        numbered_versions('visits', ['visit_id', 'occurred_at', 'page_type', 'product_id'])
    }}

),

visits as (

    select
        _source as source,
        visit_id,
        {{ own_account_key('customer_id') }} as account_key,
        {{ normalised_email('email') }} as email,
        occurred_at,
        lower(page_type) as page_type,
        product_id

    from versions

    where version_number = 1

)

select * from visits
