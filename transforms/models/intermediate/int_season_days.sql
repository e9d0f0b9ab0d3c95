-- The calendar of each season, numbered by its days so far, so that days in season can be counted
-- and turned back into dates. Seasons may run over New Year. It reaches as far as three times the
-- longest dormancy limit does.
with

seasons as (

    select distinct
        season_from,
        season_to

    from {{ ref('int_category_traits') }}

    where
        season_from is not null
        and season_to is not null

),

started as (

    select min(purchase_date) as first_date

    from {{ ref('int_purchases') }}

),

-- A year of each season, to know how many years those days take.
years as (

    select
        season_from,
        season_to,
        strftime(date '2001-01-01' + cast(unnest(range(365)) as integer), '%m-%d') as day_of_year

    from seasons

),

lengths as (

    select
        season_from,
        season_to,
        count(*) as season_length

    from years

    where {{ is_in_season('day_of_year') }}

    group by
        season_from,
        season_to

),

days as (

    select
        lengths.season_from,
        lengths.season_to,
        started.first_date + cast(
            unnest(
                range(
                    date_diff('day', started.first_date, {{ as_of_date() }})
                    + 366 * (2 + 3 * {{ var('dormancy_ceiling_days') }} // lengths.season_length)
                )
            ) as integer
        ) as calendar_day

    from lengths

    cross join started

    where started.first_date is not null

),

judged as (

    select
        season_from,
        season_to,
        calendar_day,
        {{ is_in_season("strftime(calendar_day, '%m-%d')") }} as is_in_season

    from days

),

numbered as (

    select
        season_from,
        season_to,
        calendar_day,
        is_in_season,
        count(*) filter (where is_in_season) over (
            partition by
                season_from,
                season_to
            order by calendar_day
        ) as season_day_number

    from judged

)

select * from numbered
