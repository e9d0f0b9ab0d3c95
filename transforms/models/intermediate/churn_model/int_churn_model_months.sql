-- For each whole month of the shop's past: with which histories buyers went into it, and how
-- many purchases came of them. Of the sample only; months before the shop was known well are
-- left out.
with

purchases as not materialized (

    select
        customer_id,
        purchase_date,
        purchase_number

    from {{ ref('int_purchases') }}

),

buyers as (

    select
        customer_id,
        first_purchase_date

    from {{ ref('int_churn_model_buyers') }}

    where is_in_sample

),

started as (

    select min(first_purchase_date) as first_date

    from buyers

),

months as (

    select
        cast(unnest(generate_series(
            date_trunc('month', {{ as_of_date() }})
            - interval {{ var('churn_model_season_months') }} month,
            date_trunc('month', {{ as_of_date() }}),
            interval 1 month
        )) as date) as month_start

),

whole_months as (

    select
        months.month_start,
        cast(months.month_start + interval 1 month as date) as month_end

    from months

    cross join started

    where
        months.month_start >= started.first_date + {{ var('churn_model_needs_days') }}
        and months.month_start + interval 1 month <= {{ as_of_date() }} + 1

),

known as (

    select
        whole_months.month_start,
        whole_months.month_end,
        buyers.customer_id,
        buyers.first_purchase_date

    from whole_months

    inner join buyers
        on whole_months.month_start > buyers.first_purchase_date

),

before_month as (

    select
        known.*,
        purchases.purchase_number,
        purchases.purchase_date as last_purchase_date

    from known

    asof inner join purchases
        on
            known.customer_id = purchases.customer_id
            and known.month_start > purchases.purchase_date

),

after_month as (

    select
        before_month.*,
        purchases.purchase_number as number_at_end

    from before_month

    asof inner join purchases
        on
            before_month.customer_id = purchases.customer_id
            and before_month.month_end > purchases.purchase_date

),

grouped as (

    select
        month_start,
        date_diff('day', month_start, month_end) as month_days,
        purchase_number - 1 as repeat_count,
        date_diff('day', first_purchase_date, last_purchase_date) as days_to_last,
        date_diff('day', first_purchase_date, month_start) - 1 as age_days,
        count(*) as customer_count,
        sum(number_at_end - purchase_number) as purchase_count

    from after_month

    group by
        month_start,
        month_end,
        purchase_number,
        first_purchase_date,
        last_purchase_date

)

select * from grouped
