with

windows as (

    select * from {{ ref('int_churn_model_windows') }}

),

verdict as (

    select * from {{ ref('int_churn_model_verdict') }}

),

scores as (

    select * from {{ ref('int_churn_model_scores') }}

    where cutoff_kind = 'year'

),

year as (

    select
        cutoff_date,
        count(*) as customer_count,
        count(*) filter (
            where spent_after between relative_spend_low * expected_order_value
            and relative_spend_high * expected_order_value
        ) as covered_count,
        sum(spent_after) as spent,
        cast(
            sum(cast(expected_purchases_365d * expected_order_value as decimal(18, 4))) as double
        ) as predicted_spending

    from scores

    where expected_order_value is not null

    group by cutoff_date

),

looked_back as (

    select
        cutoff_date,
        90 as horizon_days,
        customer_count,
        bought_count,
        predicted_bought_count,
        purchase_count,
        predicted_purchase_count,
        total_ratio,
        total_ratio not between 0.75 and 1.33 as is_total_far_off,
        model_area,
        recency_area,
        frequency_area,
        overdue_ratio_area,
        expected_purchases_area,
        model_error,
        last_year_error

    from windows

    union all by name

    select
        cutoff_date,
        365 as horizon_days,
        customer_count,
        cast(spent as double) as spent,
        predicted_spending,
        covered_count / customer_count as interval_coverage

    from year

),

validation as (

    select
        coalesce(looked_back.cutoff_date, {{ as_of_date() }}) as cutoff_date,
        looked_back.horizon_days,
        looked_back.customer_count,
        looked_back.bought_count,
        looked_back.predicted_bought_count,
        looked_back.purchase_count,
        looked_back.predicted_purchase_count,
        looked_back.total_ratio,
        looked_back.is_total_far_off,
        looked_back.model_area,
        looked_back.expected_purchases_area,
        looked_back.recency_area,
        looked_back.frequency_area,
        looked_back.overdue_ratio_area,
        looked_back.model_error,
        looked_back.last_year_error,
        looked_back.spent,
        looked_back.predicted_spending,
        looked_back.interval_coverage,
        verdict.prediction_status,
        {{ as_of_date() }} as as_of_date

    from verdict

    left outer join looked_back
        on true

)

select * from validation
