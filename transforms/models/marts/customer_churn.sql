with

rhythm as (

    select * from {{ ref('int_purchases_summed_by_customer') }}

),

activity as (

    select
        customer_id,
        overdue_ratio,
        days_since_last_purchase,
        gap_p90_days,
        own_gap_count,
        average_order_value,
        orders_per_year

    from {{ ref('customer_activity') }}

),

relationship as (

    select relationship_years from {{ ref('shop_relationship') }}

),

trends as (

    select * from {{ ref('int_purchase_trends') }}

),

states as (

    select * from {{ ref('customer_lifecycle') }}

    where valid_to is null

),

churn as (

    select
        states.customer_id,
        states.lifecycle,
        states.valid_from as lifecycle_since,
        activity.overdue_ratio,
        rhythm.dormant_on,
        cast(null as double) as p_alive,
        cast(null as double) as p_buys_90d,
        cast(null as double) as expected_purchases_90d,
        cast(null as double) as expected_purchases_365d,
        cast(null as double) as expected_order_value,
        cast(null as double) as predicted_value_365d,
        cast(null as double) as predicted_value_365d_low,
        cast(null as double) as predicted_value_365d_high,
        cast(
            activity.average_order_value
            * activity.orders_per_year
            * relationship.relationship_years as decimal(18, 2)
        ) as simple_lifetime_value,
        coalesce(trends.is_buying_less_often, false) as is_buying_less_often,
        trends.recent_gap_days,
        trends.earlier_gap_days,
        coalesce(trends.is_spending_less, false) as is_spending_less,
        cast(trends.recent_purchase_value as decimal(18, 2)) as recent_purchase_value,
        cast(trends.earlier_purchase_value as decimal(18, 2)) as earlier_purchase_value,
        -- Longer than nine in ten of the customer's own gaps and than the usual one; with too few
        -- gaps of his own there is no telling.
        activity.own_gap_count >= {{ var('signal_earlier_count') }}
        and activity.overdue_ratio > 1
        and activity.days_since_last_purchase > activity.gap_p90_days as is_overdue,
        cast(null as varchar) as risk_band,
        'not fitted' as prediction_status,
        {{ as_of_date() }} as as_of_date

    from states

    inner join rhythm
        on states.customer_id = rhythm.customer_id

    inner join activity
        on states.customer_id = activity.customer_id

    cross join relationship

    left outer join trends
        on states.customer_id = trends.customer_id

)

select * from churn
