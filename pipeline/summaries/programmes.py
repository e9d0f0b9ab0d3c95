"""Summaries of what programmes decided and what they brought."""

from pipeline.summaries.drawing import Connection, markdown_plot, markdown_table


def programme_decisions(connection: Connection) -> str:
    """Return for each programme how many are in, and by gate how many are not."""
    counted = connection.execute(
        """select programmes.label, coalesce(gates.label, 'In') as answer,
        coalesce(gates.place, -1) as place, count(*) as people
        from marts.programme_decisions as decisions
        inner join reference.programmes as programmes using (programme)
        left join reference.gates as gates
            on decisions.gate = gates.gate and decisions.decision = 'out'
        group by all order by all"""
    ).to_arrow_table()
    plot = markdown_plot(
        {
            "width": 420,
            "data": {"values": counted.to_pylist()},
            "mark": "bar",
            "encoding": {
                "y": {"field": "label", "type": "nominal", "title": None},
                "x": {"field": "people", "type": "quantitative", "stack": "zero"},
                "color": {
                    "field": "answer",
                    "type": "nominal",
                    "title": "first gate that is shut",
                    "sort": {"field": "place"},
                },
                "order": {"field": "place"},
            },
        }
    )
    table = markdown_table(
        connection,
        """select programmes.label as programme,
        case when programmes.is_on then 'on' else 'off' end as switched,
        count(decisions.customer_id) as fit,
        count(*) filter (where decisions.decision = 'in') as "in",
        count(*) filter (where decisions.gate = 'control') as controls,
        count(*) filter (where is_on_ladder) as on_ladder
        from reference.programmes as programmes
        left join marts.programme_decisions as decisions using (programme)
        group by programmes.label, programmes.is_on, programmes.priority
        order by programmes.priority""",
    )
    return f"{plot}\n\n{table}"


def programme_results(connection: Connection) -> str:
    """Return each programme's lift with its interval, its verdict and what became of its steps."""
    lifts = connection.execute(
        """select programme, 100 * lift as lift, 100 * lift_low as lift_low,
        100 * lift_high as lift_high from marts.programme_results
        where kind = 'programme' and lift is not null order by programme"""
    ).to_arrow_table()
    base = {"y": {"field": "programme", "type": "nominal", "title": None}}
    scale = {"type": "quantitative", "title": "more buyers in 100 than among controls"}
    interval = {**base, "x": {"field": "lift_low", **scale}, "x2": {"field": "lift_high"}}
    plot = markdown_plot(
        {
            "width": 420,
            "data": {"values": lifts.to_pylist()},
            "layer": [
                {"mark": "rule", "encoding": interval},
                {"mark": "point", "encoding": {**base, "x": {"field": "lift", **scale}}},
                {
                    "mark": {"type": "rule", "strokeDash": [4, 4]},
                    "encoding": {"x": {"datum": 0}},
                },
            ],
        }
    )
    table = markdown_table(
        connection,
        """select programme, verdict, treated_count as treated, control_count as controls,
        round(100 * treated_share, 1) as "bought %",
        round(100 * control_share, 1) as "controls bought %",
        round(incremental_revenue) as incremental_revenue,
        round(incremental_revenue_low) as "from", round(incremental_revenue_high) as "to",
        round(cost_per_won_back, 2) as cost_per_won_back, acquisition_cost, verdict_text
        from marts.programme_results where kind = 'programme' order by programme""",
    )
    steps = markdown_table(
        connection,
        """select programme, arm, step, message, listed_count as listed, sent_count as sent,
        delivered_count as delivered, human_opened_count as opened, clicked_count as clicked,
        control_count as controls
        from marts.programme_results where kind = 'step' order by all""",
    )
    return f"{plot}\n\n{table}\n\n{steps}"
