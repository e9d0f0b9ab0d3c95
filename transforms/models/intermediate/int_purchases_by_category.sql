-- What each purchase held by category, and what the customer had spent on it up to then.
with

summed as (

    select
        customer_id,
        purchase_date,
        category,
        sum(amount) as amount

    from {{ ref('int_products_bought') }}

    where
        customer_id is not null
        and category is not null

    group by
        customer_id,
        purchase_date,
        category

),

traits as (

    select * from {{ ref('int_category_traits') }}

),

season_days as (

    select * from {{ ref('int_season_days') }}

),

-- In a category with a season days out of it do not count.
counted as (

    select
        summed.customer_id,
        summed.purchase_date,
        summed.category,
        summed.amount,
        coalesce(
            season_days.season_day_number,
            date_diff('day', date '1970-01-01', summed.purchase_date)
        ) as day_number

    from summed

    left outer join traits
        on summed.category = traits.category

    left outer join season_days
        on
            traits.season_from = season_days.season_from
            and traits.season_to = season_days.season_to
            and summed.purchase_date = season_days.calendar_day

),

with_gaps as (

    select
        customer_id,
        purchase_date,
        category,
        amount,
        day_number - lag(day_number) over (
            partition by
                customer_id,
                category
            order by purchase_date
        ) as gap_days

    from counted

)

select * from with_gaps
