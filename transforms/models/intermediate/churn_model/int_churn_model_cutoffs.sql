-- The days from which the model looks ahead: the as-of date, the starts of the four windows on
-- which it is judged, four earlier ones that those windows learn their calibration from, and
-- one of a year ago, on which the values of a year are judged. A window needs some history
-- before it.
with

started as (

    select min(first_purchase_date) as first_date

    from {{ ref('int_purchases') }}

),

windows as (

    select
        unnest(range(0, 9)) as window_number,
        first_date

    from started

),

planned as (

    select
        {{ as_of_date() }} - cast(90 * window_number as integer) as cutoff_date,
        case
            when window_number = 0 then 'as_of'
            when window_number <= 4 then 'window'
            else 'earlier'
        end as cutoff_kind,
        window_number,
        90 as horizon_days,
        first_date

    from windows

    union all

    select
        {{ as_of_date() }} - 365 as cutoff_date,
        'year' as cutoff_kind,
        cast(null as bigint) as window_number,
        365 as horizon_days,
        first_date

    from started

),

cutoffs as (

    select
        cutoff_date,
        cutoff_kind,
        window_number,
        horizon_days

    from planned

    where
        cutoff_kind = 'as_of'
        or cutoff_date >= first_date + {{ var('churn_model_needs_days') }}

)

select * from cutoffs
