-- What is expected of each buyer; nothing where the model was refused.
with

scores as (

    select * from {{ ref('int_churn_model_scores') }}

    where cutoff_kind = 'as_of'

),

verdict as (

    select * from {{ ref('int_churn_model_verdict') }}

),

buyers as (

    select customer_id from {{ ref('int_churn_model_buyers') }}

),

costs as (

    select max(amount) as margin_share

    from {{ ref('costs') }}

    where cost = 'margin_share'

),

-- Purchases spread over the year are worth less by the mean of the discount over it.
worth as (

    select
        coalesce(margin_share, 1)
        * (1 - 1 / (1 + {{ var('discount_rate') }}))
        / ln(1 + {{ var('discount_rate') }}) as worth_of_spending

    from costs

),

fitted as (

    select
        customer_id,
        p_alive,
        p_buys_90d,
        expected_purchases_90d,
        expected_purchases_365d,
        -- A habit is not lost because it is not the season.
        expected_purchases_90d / season_factor_90d * usual_gap_days / 90 as habit_left_ratio

    from scores

    where (select verdict.is_fitted from verdict)

),

valued as (

    select
        scores.customer_id,
        scores.expected_order_value,
        scores.expected_order_value * scores.expected_purchases_365d * worth.worth_of_spending
            as predicted_value_365d,
        scores.expected_order_value * scores.relative_spend_low * worth.worth_of_spending
            as predicted_value_365d_low,
        scores.expected_order_value * scores.relative_spend_high * worth.worth_of_spending
            as predicted_value_365d_high

    from scores

    cross join worth

    where (select verdict.is_spend_fitted from verdict)

),

predictions as (

    select
        buyers.customer_id,
        fitted.p_alive,
        fitted.p_buys_90d,
        fitted.expected_purchases_90d,
        fitted.expected_purchases_365d,
        valued.expected_order_value,
        valued.predicted_value_365d,
        valued.predicted_value_365d_low,
        valued.predicted_value_365d_high,
        fitted.habit_left_ratio,
        case
            when fitted.habit_left_ratio >= {{ var('habit_kept_ratio') }} then 'low'
            when fitted.habit_left_ratio >= {{ var('habit_lost_ratio') }} then 'medium'
            when fitted.habit_left_ratio is not null then 'high'
        end as risk_band,
        verdict.prediction_status

    from buyers

    cross join verdict

    left outer join fitted
        on buyers.customer_id = fitted.customer_id

    left outer join valued
        on buyers.customer_id = valued.customer_id

)

select * from predictions
