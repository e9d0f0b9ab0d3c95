"""Tables of schema ``raw_online_retail``: the sample that ships with the project."""

from dataclasses import dataclass

import dagster as dg

from assets.raw_outcomes import check_of, load_metadata
from expectations import raw_online_retail as promises
from pipeline.automation import RETRIES
from pipeline.resources import RunResource, SettingsResource, WarehouseResource
from pipeline.settings import PROJECT_ROOT, SAMPLE
from pipeline.sources.online_retail import load_sample
from pipeline.sync import run_records

SCHEMA = "raw_online_retail"
FOLDER = PROJECT_ROOT / "data"
SIMULATED = "Made up: no public data hold real orders and real e-mail events of the same people."


@dataclass(frozen=True)
class SampleTable:
    """A table of the sample: the file it comes from, what it is, what its columns mean."""

    name: str
    file_name: str
    description: str
    columns: dict[str, str]


FILES = (
    SampleTable(
        "lines",
        "online_retail_ii.parquet",
        "Every invoice line of a British gift shop, as published; real, mess included.",
        {
            "sheet": "Sheet of the published workbook; the two overlap by nine days.",
            "Invoice": "Number of the invoice; C stands before cancellations, A before bad debts.",
            "StockCode": "Product; postage, fees, tests and the like have codes of their own.",
            "Description": "Name of the product.",
            "Quantity": "Pieces; below zero on cancellations and stock movements.",
            "InvoiceDate": "Time of the invoice on the shop's clock.",
            "Price": "Price of a piece in pounds.",
            "Customer ID": "Customer, empty on anonymous lines.",
            "Country": "Country of the customer.",
        },
    ),
    SampleTable(
        "simulated_customers",
        "simulated_customers.parquet",
        f"Addresses and languages of the sample's customers. {SIMULATED}",
        {
            "customer_id": "Customer of the sample.",
            "email": "Made-up address.",
            "language": "Language code, by country.",
            "country": "Country of the latest line.",
            "registered_at": "Time of the first line on the shop's clock.",
        },
    ),
    SampleTable(
        "simulated_consents",
        "simulated_consents.parquet",
        f"Consents of the sample's customers. {SIMULATED}",
        {
            "customer_id": "Customer of the sample.",
            "email": "Made-up address.",
            "channel": "email, sms, phone or ads.",
            "state": "What was consented to.",
            "at": "When, on the shop's clock.",
            "source": "Always simulated.",
        },
    ),
    SampleTable(
        "simulated_email_events",
        "simulated_email_events.parquet",
        f"Newsletter events of the sample's customers. {SIMULATED}",
        {
            "event_id": "Number of the event.",
            "customer_id": "Customer of the sample.",
            "email": "Made-up address.",
            "event": "sent, delivered, opened, clicked, bounced, unsubscribed or complained.",
            "occurred_at": "When, on the shop's clock.",
            "campaign_id": "The newsletter.",
            "message_id": "The newsletter to this customer.",
            "bounce_type": "hard or soft.",
            "is_machine": "Whether a machine opened or clicked.",
            "user_agent": "What opened or clicked.",
        },
    ),
)


def _asset_of(table: SampleTable) -> dg.AssetsDefinition:
    @dg.asset(
        name=table.name,
        key_prefix=SCHEMA,
        group_name="raw",
        kinds={"duckdb"},
        owners=["team:data"],
        tags={"source": SAMPLE},
        retry_policy=RETRIES,
        metadata={
            "dagster/column_schema": dg.TableSchema(
                columns=[
                    dg.TableColumn(name, description=text) for name, text in table.columns.items()
                ]
            )
        },
        description=f"{table.description} A second run does not read the file again.",
    )
    def raw(run: RunResource, warehouse: WarehouseResource) -> dg.MaterializeResult:
        client = warehouse.client()
        report = load_sample(client, table.name, FOLDER / table.file_name)
        return dg.MaterializeResult(
            metadata=load_metadata(client, f"{SCHEMA}.{table.name}", report)
        )

    return raw


def _check_of(table: SampleTable, raw: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=raw,
        name=f"{table.name}_meet_expectations",
        blocking=True,
        # Some promises are about an earlier table too: every event's customer is known, for one.
        additional_deps=tables[: tables.index(raw)],
        description="Stop the run when the sample is not what was published.",
    )
    def meet_expectations(
        run: RunResource, settings: SettingsResource, warehouse: WarehouseResource
    ) -> dg.AssetCheckResult:
        name = f"{SCHEMA}.{table.name}"
        suite = promises.suite(
            table.name,
            as_of_date=run.day,
            rows_before=run_records.row_counts_before(warehouse.client()).get(name, 0),
            stale_after_days=settings.get().stale_after_days,
        )
        return check_of(warehouse.client(), name, suite)

    return meet_expectations


tables = [_asset_of(table) for table in FILES]
checks = [_check_of(table, raw) for table, raw in zip(FILES, tables, strict=True)]
