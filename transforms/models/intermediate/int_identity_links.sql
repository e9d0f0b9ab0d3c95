-- Every place where an account or an address is named, and where both are named together.
with

orders as (

    select
        account_key,
        email,
        ordered_date as seen_on

    from {{ ref('int_orders_unioned') }}

),

customers as (

    select
        account_key,
        email,
        -- What stands on the as-of date was so from the start, other versions from their own time.
        case
            when version_number = 1 then {{ shop_date('coalesce(registered_at, updated_at)') }}
            else {{ shop_date('updated_at') }}
        end as seen_on

    from {{ ref('int_customer_versions') }}

),

consents as (

    select
        account_key,
        email,
        consented_date as seen_on

    from {{ ref('int_consents_unioned') }}

),

mailed as (

    select
        recipient_number,
        min(first_date) as seen_on

    from {{ ref('int_email_mails') }}

    group by recipient_number

),

email_events as (

    select
        recipients.account_key,
        recipients.email,
        mailed.seen_on

    from {{ ref('int_email_recipients') }} as recipients

    inner join mailed
        on recipients.recipient_number = mailed.recipient_number

),

visits as (

    select
        account_key,
        email,
        occurred_date as seen_on

    from {{ ref('int_visits_unioned') }}

),

carts as (

    select
        account_key,
        email,
        updated_date as seen_on

    from {{ ref('int_carts_unioned') }}

),

feedback as (

    select
        account_key,
        email,
        occurred_date as seen_on

    from {{ ref('int_feedback_unioned') }}

),

unioned as (

    select * from orders
    union all
    select * from customers
    union all
    select * from consents
    union all
    select * from email_events
    union all
    select * from visits
    union all
    select * from carts
    union all
    select * from feedback

),

shared_addresses as (

    select {{ normalised_email('email') }} as email

    from {{ ref('shared_addresses') }}

),

links as (

    select
        unioned.account_key,
        case when shared_addresses.email is null then unioned.email end as email,
        -- Without a date it was always so.
        min(coalesce(unioned.seen_on, date '1970-01-01')) as seen_on

    from unioned

    left outer join shared_addresses
        on unioned.email = shared_addresses.email

    where
        unioned.account_key is not null
        or (unioned.email is not null and shared_addresses.email is null)

    group by
        unioned.account_key,
        case when shared_addresses.email is null then unioned.email end

)

select * from links
