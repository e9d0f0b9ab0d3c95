-- The day itself is personal and stays out of the reason.
with

customers as (

    select
        customer_id,
        birth_date,
        -- Who was born on a 29 February has his birthday on the 28th in other years.
        cast(
            birth_date
            + to_years(cast(year({{ as_of_date() }}) - year(birth_date) as integer)) as date
        ) as birthday_this_year,
        cast(
            birth_date
            + to_years(cast(year({{ as_of_date() }}) + 1 - year(birth_date) as integer)) as date
        ) as birthday_next_year

    from {{ ref('customers') }}

),

next_birthdays as (

    select
        customer_id,
        case
            when birthday_this_year > {{ as_of_date() }} then birthday_this_year
            else birthday_next_year
        end as next_birthday

    from customers

    where birth_date < {{ as_of_date() }}

),

candidates as (

    select
        customer_id,
        'birthday' as programme,
        'birthday within {{ var('birthday_days') }} days' as reason

    from next_birthdays

    where
        next_birthday <= {{ as_of_date() }} + {{ var('birthday_days') }}

)

select * from candidates
