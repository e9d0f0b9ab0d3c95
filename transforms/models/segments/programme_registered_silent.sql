with

activity as (

    select * from {{ ref('customer_activity') }}

),

customers as (

    select
        customer_id,
        {{ shop_date('registered_at') }} as registered_date

    from {{ ref('customers') }}

),

candidates as (

    select
        customers.customer_id,
        'registered_silent' as programme,
        'registered on '
        || cast(customers.registered_date as varchar)
        || ' and has never bought' as reason

    from customers

    inner join activity
        on customers.customer_id = activity.customer_id

    where
        activity.purchase_count = 0
        and customers.registered_date <= {{ as_of_date() }} - {{ var('registered_from_days') }}
        and customers.registered_date >= {{ as_of_date() }} - {{ var('registered_until_days') }}

)

select * from candidates
