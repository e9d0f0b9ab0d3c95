-- Who a person is, from the newest of his accounts, and where he can be reached.
with

keys as (

    select * from {{ ref('int_customer_keys') }}

),

versions as (

    select * from {{ ref('int_customer_versions') }}

    where
        coalesce({{ shop_date('coalesce(registered_at, updated_at)') }}, date '1970-01-01')
        <= {{ as_of_date() }}

),

orders as (

    select
        person_key,
        account_key,
        email,
        ordered_at,
        order_key

    from {{ ref('int_orders_unioned') }}

    where
        ordered_date <= {{ as_of_date() }}
        and email is not null

),

accounts as (

    select
        keys.customer_id,
        versions.*,
        row_number() over (
            partition by keys.customer_id
            order by
                versions.updated_at desc nulls last,
                versions.account_key asc
        ) as preference

    from versions

    inner join keys
        on versions.account_key = keys.person_key

    where versions.version_number = 1

),

-- One value each: the newest account's, else that of another account of the same person.
account_values as (

    select
        customer_id,
        arg_min(email, preference) as email,
        arg_min(first_name, preference) as first_name,
        arg_min(last_name, preference) as last_name,
        arg_min(phone, preference) as phone,
        arg_min(language, preference) as language,
        arg_min(country, preference) as country,
        arg_min(city, preference) as city,
        arg_min(birth_date, preference) as birth_date,
        arg_min(gender, preference) as gender,
        bool_or(coalesce(has_account, true)) as has_account,
        min(registered_at) as registered_at,
        bool_or(is_blocked) as is_blocked

    from accounts

    group by customer_id

),

-- What was loaded last, also of days to come: an account that people had none of on the as-of date
-- tells of them by its address.
newest as (

    select
        unnest([account_key, 'email:' || email]) as person_key,
        is_blocked,
        birth_date

    from {{ ref('int_customer_versions') }}

    where loaded_number = 1

),

newest_values as (

    select
        keys.customer_id,
        bool_or(newest.is_blocked) as is_blocked_newest,
        max(newest.birth_date) as birth_date_newest

    from newest

    inner join keys
        on newest.person_key = keys.person_key

    group by keys.customer_id

),

shared_addresses as (

    select distinct {{ normalised_email('email') }} as email

    from {{ ref('shared_addresses') }}

),

-- Most accounts have an address, and then no order is asked for one.
keys_without_address as (

    select
        keys.person_key,
        keys.customer_id

    from keys

    left outer join account_values
        on keys.customer_id = account_values.customer_id

    where account_values.email is null

),

order_emails as (

    select
        keys_without_address.customer_id,
        -- The account's latest order before any guest's.
        arg_max(
            case when shared_addresses.email is null then orders.email end,
            {
                'has_account': orders.account_key is not null,
                'at': orders.ordered_at,
                'order': orders.order_key
            }
        ) as email

    from orders

    inner join keys_without_address
        on orders.person_key = keys_without_address.person_key

    left outer join shared_addresses
        on orders.email = shared_addresses.email

    group by keys_without_address.customer_id

),

-- Somebody known from events and consents alone has no other address than the key itself.
key_emails as (

    select
        customer_id,
        min(substr(person_key, 7)) as email

    from keys

    where starts_with(person_key, 'email:')

    group by customer_id

),

people as (

    select
        customer_id,
        -- A list that is sorted: to have the aggregate order its rows takes six times as long.
        array_to_string(
            list_sort(
                list(substr(person_key, 9)) filter (where starts_with(person_key, 'account:'))
            ),
            ', '
        ) as source_ids

    from keys

    group by customer_id

),

described as (

    select
        people.customer_id,
        coalesce(account_values.email, order_emails.email, key_emails.email) as email,
        account_values.first_name,
        account_values.last_name,
        account_values.phone,
        account_values.language,
        account_values.country,
        account_values.city,
        account_values.birth_date,
        account_values.gender,
        coalesce(account_values.has_account, people.source_ids is not null) as has_account,
        account_values.registered_at,
        coalesce(account_values.is_blocked, false) as is_blocked,
        coalesce(newest_values.is_blocked_newest, false) as is_blocked_newest,
        newest_values.birth_date_newest,
        people.source_ids

    from people

    left outer join account_values
        on people.customer_id = account_values.customer_id

    left outer join newest_values
        on people.customer_id = newest_values.customer_id

    left outer join order_emails
        on people.customer_id = order_emails.customer_id

    left outer join key_emails
        on people.customer_id = key_emails.customer_id

)

select * from described
