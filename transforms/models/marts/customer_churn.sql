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

predictions as (

    select * from {{ ref('int_predictions') }}

),

relationship as (

    select relationship_years from {{ ref('shop_relationship') }}

),

trends as (

    select * from {{ ref('int_purchase_trends') }}

),

joined as (

    select
        rhythm.customer_id,
        -- What customer_lifecycle tells of today, without all that it tells of the past.
        case
            {% for state in ('lost', 'long_dormant', 'dormant', 'slipping', 'due') -%}
            when {{ as_of_date() }} >= rhythm.{{ state }}_on then '{{ state }}'
            {% endfor -%}
            when rhythm.purchase_count = 1 then 'new'
            else 'active'
        end as lifecycle,
        case
            {% for state in ('lost', 'long_dormant', 'dormant', 'slipping', 'due') -%}
            when {{ as_of_date() }} >= rhythm.{{ state }}_on then rhythm.{{ state }}_on
            {% endfor -%}
            else rhythm.last_purchase_date
        end as lifecycle_since,
        activity.overdue_ratio,
        rhythm.slipping_on,
        rhythm.dormant_on,
        rhythm.long_dormant_on,
        rhythm.lost_on,
        predictions.p_alive,
        predictions.p_buys_90d,
        predictions.expected_purchases_90d,
        predictions.expected_purchases_365d,
        predictions.expected_order_value,
        predictions.predicted_value_365d,
        predictions.predicted_value_365d_low,
        predictions.predicted_value_365d_high,
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
        coalesce(
            activity.own_gap_count >= {{ var('signal_earlier_count') }}
            and activity.overdue_ratio > 1
            and activity.days_since_last_purchase > activity.gap_p90_days,
            false
        ) as is_overdue,
        predictions.habit_left_ratio,
        predictions.risk_band,
        predictions.prediction_status

    from rhythm

    inner join activity
        on rhythm.customer_id = activity.customer_id

    cross join relationship

    inner join predictions
        on rhythm.customer_id = predictions.customer_id

    left outer join trends
        on rhythm.customer_id = trends.customer_id

),

-- Equal values share a band: only who is worth strictly more counts.
ranked as (

    select
        *,
        rank() over (
            order by coalesce(predicted_value_365d, simple_lifetime_value) desc nulls last
        ) - 1 as worth_more_count,
        count(*) over () as buyer_count

    from joined

),

churn as (

    select
        * exclude (worth_more_count, buyer_count),
        case
            when worth_more_count < {{ var('value_band_top') }} * buyer_count then 'top'
            when worth_more_count < {{ var('value_band_high') }} * buyer_count then 'high'
            when worth_more_count < {{ var('value_band_middle') }} * buyer_count then 'middle'
            else 'low'
        end as value_band,
        {{ as_of_date() }} as as_of_date

    from ranked

)

select * from churn
