-- What the model said on each window that is over, and what came.
with

scores as (

    select * from {{ ref('int_churn_model_scores') }}

    where cutoff_kind = 'window'

),

areas as (

    select
        cutoff_date,
        max(area_under_curve) filter (where ranking = 'model') as model_area,
        max(area_under_curve) filter (where ranking = 'expected_purchases')
            as expected_purchases_area,
        max(area_under_curve) filter (where ranking = 'recency') as recency_area,
        max(area_under_curve) filter (where ranking = 'frequency') as frequency_area,
        max(area_under_curve) filter (where ranking = 'overdue_ratio') as overdue_ratio_area

    from {{ ref('int_churn_model_rankings') }}

    group by cutoff_date

),

started as (

    select min(first_purchase_date) as first_date

    from {{ ref('int_churn_model_buyers') }}

),

summed as (

    select
        cutoff_date,
        window_number,
        count(*) as customer_count,
        count(*) filter (where purchases_after > 0) as bought_count,
        sum(purchases_after) as purchase_count,
        cast(sum(cast(expected_purchases_90d as decimal(18, 9))) as double)
            as predicted_purchase_count,
        cast(sum(cast(p_buys_90d as decimal(18, 9))) as double) as predicted_bought_count,
        cast(
            avg(cast(power(expected_purchases_90d - purchases_after, 2) as decimal(18, 9)))
            as double
        ) as model_squared_error,
        avg(power(purchases_as_last_year - purchases_after, 2)) as last_year_squared_error

    from scores

    group by
        cutoff_date,
        window_number

),

windows as (

    select
        summed.cutoff_date,
        summed.window_number,
        summed.customer_count,
        summed.bought_count,
        summed.predicted_bought_count,
        summed.purchase_count,
        summed.predicted_purchase_count,
        summed.predicted_purchase_count / nullif(summed.purchase_count, 0) as total_ratio,
        areas.model_area,
        areas.expected_purchases_area,
        areas.recency_area,
        areas.frequency_area,
        areas.overdue_ratio_area,
        sqrt(summed.model_squared_error) as model_error,
        -- Only where the same days of the year before are on record.
        case
            when summed.cutoff_date - 365 >= started.first_date
                then sqrt(summed.last_year_squared_error)
        end as last_year_error

    from summed

    cross join started

    inner join areas
        on summed.cutoff_date = areas.cutoff_date

)

select * from windows
