with

described as (

    select * from {{ ref('int_customers_described') }}

),

permissions as (

    select * from {{ ref('int_contact_permissions') }}

),

customers as (

    select
        described.customer_id,
        described.email,
        described.first_name,
        described.language,
        described.country,
        described.city,
        described.gender,
        described.birth_date,
        described.has_account,
        described.registered_at,
        permissions.email_consent,
        permissions.suppressed_reason,
        described.source_ids,
        {{ as_of_date() }} as as_of_date

    from described

    inner join permissions
        on described.customer_id = permissions.customer_id

)

select * from customers
