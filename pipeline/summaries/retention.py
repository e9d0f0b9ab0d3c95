"""Summaries of the marts on retention: rates by month, cohorts and the purchase journey."""

from pipeline.summaries.drawing import Connection, markdown_plot, markdown_table


def retention_monthly(connection: Connection) -> str:
    """Return three years of churn with its usual band, and the last twelve months in figures."""
    months = connection.execute(
        """select strftime(month, '%Y-%m') as month, churn_rate, churn_rate_low, churn_rate_high,
        benchmark_churn_rate from marts.retention_monthly
        where churn_rate is not null order by month desc limit 36"""
    ).to_arrow_table()
    month = {"field": "month", "type": "ordinal", "title": None}
    rate = {"type": "quantitative", "title": "churn rate, %"}
    band = {"y": {"field": "churn_rate_low", **rate}, "y2": {"field": "churn_rate_high"}}
    trade = {"y": {"field": "benchmark_churn_rate", **rate}}
    churn = {"y": {"field": "churn_rate", **rate}}
    plot = markdown_plot(
        {
            "width": 480,
            "data": {"values": months.to_pylist()},
            "encoding": {"x": month},
            "layer": [
                {"mark": {"type": "area", "opacity": 0.3, "color": "gray"}, "encoding": band},
                {"mark": {"type": "line", "strokeDash": [4, 4]}, "encoding": trade},
                {"mark": {"type": "line", "point": True}, "encoding": churn},
            ],
        }
    )
    table = markdown_table(
        connection,
        """select strftime(month, '%Y-%m') as month, customers_at_start as at_start,
        customers_at_end as at_end, new_or_returned, round(retention_rate, 1) as "retention %",
        round(churn_rate, 1) as "churn %", round(churn_rate_low, 1) as "usual from",
        round(churn_rate_high, 1) as "usual to", newly_dormant_count as newly_dormant,
        round(reactivation_rate, 1) as "reactivated %",
        round(100 * returning_customer_share, 1) as "returning %",
        round(100 * vip_sales_share, 1) as "VIPs' sales %"
        from marts.retention_monthly order by month desc limit 12""",
    )
    return f"{plot}\n\n{table}"


def cohorts(connection: Connection) -> str:
    """Return a map of the share of each cohort that bought, month by month since its first."""
    shares = connection.execute(
        """select cohort, month_number, round(100 * buyer_share) as share
        from marts.cohorts where month_number between 1 and 24 and (is_before_records or
        cohort_month >= (select max(month) - interval 24 month from marts.cohorts))"""
    ).to_arrow_table()
    axes = {
        "x": {"field": "month_number", "type": "ordinal", "title": "months since the first"},
        "y": {"field": "cohort", "type": "ordinal", "title": None},
    }
    color = {"field": "share", "type": "quantitative", "scale": {"scheme": "blues"}}
    layers = [
        {
            "mark": {"type": "rect", "opacity": 0.7},
            "encoding": {**axes, "color": {**color, "title": "bought, %"}},
        },
        {"mark": {"type": "text", "fontSize": 9}, "encoding": {**axes, "text": {"field": "share"}}},
    ]
    plot = markdown_plot({"data": {"values": shares.to_pylist()}, "layer": layers})
    table = markdown_table(
        connection,
        """select cohort, customer_count as customers, month_number + 1 as months,
        cumulative_purchases_per_customer.round(2) as purchases_per_customer,
        cumulative_revenue_per_customer as revenue_per_customer
        from marts.cohorts
        qualify row_number() over (partition by cohort order by month_number desc) = 1
        order by cohort""",
    )
    return f"{plot}\n\n{table}"


def purchase_journey(connection: Connection) -> str:
    """Return how many go on after each purchase, within which limits, and after how many days."""
    journey = connection.execute(
        """select purchase_number, 100 * went_on_share_365d as share,
        100 * went_on_share_365d_low as low, 100 * went_on_share_365d_high as high
        from marts.purchase_journey where went_on_share_365d is not null"""
    ).to_arrow_table()
    number = {"field": "purchase_number", "type": "ordinal", "title": "after purchase"}
    bars = {"field": "share", "type": "quantitative", "title": "bought again within a year, %"}
    limits = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}
    plot = markdown_plot(
        {
            "width": 360,
            "data": {"values": journey.to_pylist()},
            "encoding": {"x": number},
            "layer": [
                {"mark": "bar", "encoding": {"y": bars}},
                {"mark": {"type": "rule", "color": "black"}, "encoding": limits},
            ],
        }
    )
    table = markdown_table(
        connection,
        """select purchase_number as after_purchase, customer_count as customers,
        at_risk_count_365d as watched_a_year, round(100 * went_on_share_365d, 1) as "went on %",
        faded_count_365d as faded, case when is_where_most_fade then 'most fade here' end as note,
        next_purchase_p25_days as quarter_by_day, next_purchase_median_days as half_by_day,
        next_purchase_p75_days as three_quarters_by_day
        from marts.purchase_journey order by purchase_number""",
    )
    return f"{plot}\n\n{table}"


def journey_differences(connection: Connection) -> str:
    """Return the traits in which those who faded differ for certain from those who stayed."""
    return markdown_table(
        connection,
        """select purchase_number as after_purchase, trait, value, faded_with_count as faded,
        stayed_with_count as stayed, round(100 * share_of_faded, 1) as "of the faded %",
        round(100 * share_of_stayed, 1) as "of the stayed %",
        round(100 * difference_low, 1) as "difference from",
        round(100 * difference_high, 1) as "to"
        from marts.journey_differences where difference_low > 0 or difference_high < 0
        order by purchase_number, abs(difference) desc, trait, value""",
    )
