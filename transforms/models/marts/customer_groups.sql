-- Groups as rows, so that any two can be crossed. Nothing here tells who somebody is: ages come in
-- bands, cities only where enough customers live.
with

customers as (

    select * from {{ ref('customers') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

categories as (

    select distinct
        customer_id,
        category

    from {{ ref('int_purchases_by_category') }}

),

ages as (

    select
        customer_id,
        date_diff('year', birth_date, {{ as_of_date() }})
        - case
            when
                strftime({{ as_of_date() }}, '%m-%d') < strftime(birth_date, '%m-%d') then 1
            else 0
        end as age

    from customers

    where birth_date <= {{ as_of_date() }}

),

cities as (

    select
        customer_id,
        city || coalesce(', ' || country, '') as city,
        count(*) over (
            partition by
                city,
                country
        ) as customer_count

    from customers

    where city is not null

),

grouped as (

    select
        customer_id,
        'gender' as group_kind,
        lower(trim(gender)) as group_name,
        'Gender' as kind_label

    from customers

    union all

    select
        customer_id,
        'age' as group_kind,
        case
            when age < 25 then 'under 25'
            when age < 35 then '25 to 34'
            when age < 45 then '35 to 44'
            when age < 55 then '45 to 54'
            when age < 65 then '55 to 64'
            else '65 and over'
        end as group_name,
        'Age' as kind_label

    from ages

    union all

    select
        customer_id,
        'country' as group_kind,
        country as group_name,
        'Country' as kind_label

    from customers

    union all

    select
        customer_id,
        'city' as group_kind,
        city as group_name,
        'City' as kind_label

    from cities

    where customer_count >= {{ var('group_least_customers') }}

    union all

    select
        customer_id,
        'category' as group_kind,
        category as group_name,
        'Has bought' as kind_label

    from categories

    union all

    select
        customer_id,
        'tenure' as group_kind,
        case
            when tenure_days < 90 then 'under 90 days'
            when tenure_days < 365 then '90 days to a year'
            when tenure_days < 730 then '1 to 2 years'
            else 'over 2 years'
        end as group_name,
        'Customer for' as kind_label

    from activity

    where tenure_days is not null

    union all

    select
        customer_id,
        'habit' as group_kind,
        case
            when purchase_count = 0 then 'never'
            when purchase_count = 1 then 'once'
            when purchase_count = 2 then 'twice'
            when purchase_count < 10 then '3 to 9 times'
            else '10 times or more'
        end as group_name,
        'Has bought' as kind_label

    from activity

),

labelled as (

    select
        customer_id,
        group_kind,
        group_name,
        kind_label || ': ' || group_name as label,
        {{ as_of_date() }} as as_of_date

    from grouped

    where nullif(group_name, '') is not null

)

select * from labelled
