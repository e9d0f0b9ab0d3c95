-- Hashes that advertising networks compare with their own, of everybody who said yes to it, while
-- a programme of advertising is on. Each network normalises in a way of its own before it hashes:
-- Google as developers.google.com/data-manager/api/devguides/concepts/formatting says, Meta as
-- "Customer Information Parameters" at developers.facebook.com does.
with

programmes as (

    select * from {{ ref('programmes') }}

    where
        channel = 'ads'
        and is_on

),

permissions as (

    select * from {{ ref('int_channel_permissions') }}

    where
        channel = 'ads'
        and may_be_contacted
        and exists (select programmes.programme from programmes)

),

people as (

    select * from {{ ref('int_customers_described') }}

),

trimmed as (

    select
        people.customer_id,
        lower(trim(people.email)) as email,
        lower(trim(people.first_name)) as first_name,
        lower(trim(people.last_name)) as last_name,
        lower(people.city) as city,
        -- Names of countries are not turned into codes.
        case
            when regexp_full_match(trim(people.country), '[A-Za-z]{2}')
                then lower(trim(people.country))
        end as country,
        -- A zero in brackets is left out when calling from abroad.
        regexp_replace(
            regexp_replace(replace(people.phone, '(0)', ''), '[\s().\-/]', '', 'g'), '^00', '+'
        ) as phone

    from permissions

    inner join people
        on permissions.customer_id = people.customer_id

),

normalised as (

    select
        customer_id,
        email,
        case
            when regexp_matches(email, '@(gmail|googlemail)\.com$')
                then
                    replace(regexp_extract(email, '^[^@+]*'), '.', '')
                    || regexp_extract(email, '@.*$')
            else email
        end as google_email,
        -- By E.164; a number without the code of its country is not guessed.
        case when regexp_full_match(phone, '\+[1-9][0-9]{6,14}') then phone end as phone,
        nullif(first_name, '') as first_name,
        nullif(last_name, '') as last_name,
        nullif(trim(regexp_replace(first_name, '\pP', '', 'g')), '') as meta_first_name,
        nullif(trim(regexp_replace(last_name, '\pP', '', 'g')), '') as meta_last_name,
        nullif(regexp_replace(city, '[\pP\pS\s]', '', 'g'), '') as meta_city,
        country

    from trimmed

),

profiles as (

    select
        customer_id,
        sha256(google_email) as google_email,
        sha256(phone) as google_phone,
        sha256(first_name) as google_first_name,
        sha256(last_name) as google_last_name,
        upper(country) as google_country,
        sha256(email) as meta_email,
        sha256(ltrim(phone, '+')) as meta_phone,
        sha256(meta_first_name) as meta_first_name,
        sha256(meta_last_name) as meta_last_name,
        sha256(meta_city) as meta_city,
        sha256(country) as meta_country

    from normalised

    -- Nobody is found by a name alone.
    where
        email is not null
        or phone is not null

)

select * from profiles
