with

purchases as (

    select purchase_date from {{ ref('int_purchases') }}

),

bounds as (

    select {{ month_of('min(purchase_date)') }} as first_month

    from purchases

),

begun as (

    select
        cast(
            unnest(
                range(
                    cast(first_month as timestamp),
                    cast({{ as_of_date() }} + 1 as timestamp),
                    interval 1 month
                )
            ) as date
        ) as month

    from bounds

),

elapsed as (

    select
        month,
        last_day(month) as ends_on

    from begun

    where last_day(month) <= {{ as_of_date() }}

)

select * from elapsed
