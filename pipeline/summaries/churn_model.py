"""What a person wants to see of the churn model at a glance: plots and tables as markdown."""

from typing import Any

from pipeline.summaries.customers import LIFECYCLE
from pipeline.summaries.drawing import Connection, markdown_plot, markdown_table


def churn_model_calibration(connection: Connection) -> str:
    """Return what was predicted and what came, by decile of the model, window by window."""
    found = connection.execute(
        """select cutoff_date, decile, predicted_share_bought as predicted, share_bought as bought
        from marts.churn_model_calibration order by cutoff_date, decile"""
    ).fetchall()
    values = [
        {"window": f"from {day}", "predicted": predicted, "bought": bought}
        for day, _, predicted, bought in found
    ]
    axes = {
        "x": _share("predicted", "predicted to buy within 90 days"),
        "y": _share("bought", "bought"),
    }
    ideal = [{"predicted": share, "bought": share} for share in (0, 1)]
    picture = markdown_plot(
        {
            "width": 300,
            "height": 300,
            "layer": [
                {
                    "data": {"values": ideal},
                    "mark": {"type": "line", "color": "grey", "strokeDash": [4, 4]},
                    "encoding": axes,
                },
                {
                    "data": {"values": values},
                    "mark": {"type": "line", "point": True},
                    "encoding": {**axes, "color": {"field": "window", "type": "nominal"}},
                },
            ],
        }
    )
    rows = markdown_table(
        connection,
        """select cutoff_date as window_from, decile, customer_count as customers,
        round(predicted_share_bought, 3) as predicted, round(share_bought, 3) as bought,
        round(predicted_purchase_count, 1) as predicted_purchases, purchase_count as purchases
        from marts.churn_model_calibration
        where cutoff_date = (select max(cutoff_date) from marts.churn_model_calibration)
        order by decile""",
    )
    return f"{picture}\n\n{rows}"


def churn_model_validation(connection: Connection) -> str:
    """Return how the model did on past windows against simple rules."""
    return markdown_table(
        connection,
        """select cutoff_date as looked_ahead_from, horizon_days as days, customer_count as
        customers, round(total_ratio, 2) as predicted_by_actual, round(model_area, 3) as model,
        round(recency_area, 3) as recency, round(frequency_area, 3) as frequency,
        round(overdue_ratio_area, 3) as overdue_ratio, round(model_error, 3) as error,
        round(last_year_error, 3) as error_as_last_year,
        round(interval_coverage, 3) as interval_coverage, prediction_status as verdict
        from marts.churn_model_validation order by horizon_days, cutoff_date desc""",
    )


def backtest(connection: Connection) -> str:
    """Return how many bought within 90 days, by what the lifecycle and the model said of them."""
    found = connection.execute(
        """select cutoff_date, kind, value, share_bought from marts.backtest
        order by cutoff_date, kind, value"""
    ).fetchall()
    deciles = [str(decile) for decile in range(1, 11)]
    pictures = [
        markdown_plot(
            {
                "width": 380,
                "height": 240,
                "data": {
                    "values": [
                        {"day": str(day), "value": value, "bought": share}
                        for day, each, value, share in found
                        if each == kind
                    ]
                },
                "mark": {"type": "line", "point": True},
                "encoding": {
                    "x": {"field": "value", "type": "ordinal", "title": title, "sort": order},
                    "y": _share("bought", "bought within 90 days"),
                    "color": {"field": "day", "type": "nominal", "title": "from"},
                },
            }
        )
        for kind, title, order in (
            ("lifecycle", "lifecycle on that day", list(LIFECYCLE)),
            ("decile", "decile of the model on that day", deciles),
        )
    ]
    return "\n\n".join(pictures)


def _share(field: str, title: str) -> dict[str, Any]:
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "axis": {"format": "%"},
        "scale": {"domain": [0, 1]},
    }
