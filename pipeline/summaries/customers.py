"""Customers, their activity, RFM, lifecycle and lists, and what became of the records."""

from pipeline.summaries.drawing import Connection, markdown_plot, markdown_table

LIFECYCLE = ("new", "active", "due", "slipping", "dormant", "long_dormant", "lost")


def customers(connection: Connection) -> str:
    """Return how many may be reached, by consent and suppression."""
    return markdown_table(
        connection,
        """select email_consent, coalesce(suppressed_reason, '-') as suppressed_reason,
        count(*) as customers from marts.customers group by all
        order by customers desc, email_consent, suppressed_reason""",
    )


def customer_activity(connection: Connection) -> str:
    """Return customers and revenue by the number of purchases."""
    return markdown_table(
        connection,
        """select case when purchase_count >= 10 then '10 or more' when purchase_count >= 3
        then '3 to 9' else cast(purchase_count as varchar) end as purchases,
        count(*) as customers, sum(revenue) as revenue,
        count(*) filter (where is_vip) as vips
        from marts.customer_activity group by 1 order by min(purchase_count)""",
    )


def customer_rfm(connection: Connection) -> str:
    """Return a map of how many customers stand where by recency and frequency."""
    counted = connection.execute(
        """select r_score as r, f_score as f, count(*) as customers
        from marts.customer_rfm group by r_score, f_score"""
    ).to_arrow_table()
    base = {"width": 260, "height": 260, "data": {"values": counted.to_pylist()}}
    axes = {
        "x": {"field": "f", "type": "ordinal", "title": "frequency score"},
        "y": {"field": "r", "type": "ordinal", "title": "recency score", "sort": "descending"},
    }
    color = {"field": "customers", "type": "quantitative", "scale": {"scheme": "blues"}}
    layers = [
        {"mark": {"type": "rect", "opacity": 0.7}, "encoding": {**axes, "color": color}},
        {"mark": {"type": "text"}, "encoding": {**axes, "text": {"field": "customers"}}},
    ]
    table = markdown_table(
        connection,
        """select segment, count(*) as customers, round(avg(recency_days)) as mean_recency_days,
        sum(monetary) as revenue from marts.customer_rfm group by 1 order by customers desc, 1""",
    )
    return f"{markdown_plot({**base, 'layer': layers})}\n\n{table}"


def customer_churn(connection: Connection) -> str:
    """Return a bar for each state of the lifecycle, and the warning signals."""
    counted = connection.execute(
        "select lifecycle, count(*) as customers from marts.customer_churn group by 1"
    ).fetchall()
    bars = [{"lifecycle": name, "customers": count} for name, count in counted]
    plot = markdown_plot(
        {
            "width": 320,
            "data": {"values": bars},
            "mark": "bar",
            "encoding": {
                "y": {"field": "lifecycle", "type": "nominal", "sort": list(LIFECYCLE)},
                "x": {"field": "customers", "type": "quantitative"},
            },
        }
    )
    signals = markdown_table(
        connection,
        """select count(*) filter (where is_buying_less_often) as buying_less_often,
        count(*) filter (where is_spending_less) as spending_less,
        count(*) filter (where is_overdue) as overdue,
        any_value(prediction_status) as prediction from marts.customer_churn""",
    )
    return f"{plot}\n\n{signals}"


def segment_members(connection: Connection) -> str:
    """Return the size of each segment under the label that marketers read."""
    return markdown_table(
        connection,
        """select segments.label, count(members.customer_id) as customers, segments.description
        from reference.segments as segments
        left join marts.segment_members as members using (segment)
        group by all order by customers desc, segments.label""",
    )


def record_accounting(connection: Connection) -> str:
    """Return what became of every record that was loaded."""
    return markdown_table(
        connection,
        """select source, entity, reason, is_in_revenue, sum(record_count) as records,
        sum(amount) as amount from marts.record_accounting group by all
        order by source, records desc, reason, is_in_revenue""",
    )
