"""Which mart has which summary."""

from collections.abc import Callable

from pipeline.summaries import churn_model, customers, programmes, retention
from pipeline.summaries.drawing import Connection

SUMMARIES: dict[str, Callable[[Connection], str]] = {
    "customers": customers.customers,
    "customer_activity": customers.customer_activity,
    "customer_rfm": customers.customer_rfm,
    "customer_churn": customers.customer_churn,
    "retention_monthly": retention.retention_monthly,
    "cohorts": retention.cohorts,
    "purchase_journey": retention.purchase_journey,
    "journey_differences": retention.journey_differences,
    "segment_members": customers.segment_members,
    "programme_decisions": programmes.programme_decisions,
    "programme_results": programmes.programme_results,
    "churn_model_calibration": churn_model.churn_model_calibration,
    "churn_model_validation": churn_model.churn_model_validation,
    "backtest": churn_model.backtest,
    "record_accounting": customers.record_accounting,
}
"""The summary of each mart, by the name of its table."""
