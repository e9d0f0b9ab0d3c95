"""Refunds and cancellations change what is told from their own day on, and nothing before it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.compiled_models import CompiledModels
from pipeline.loading.inbox import load_entity
from pipeline.loading.load import Rules
from pipeline.sources.contract import ENTITY_BY_NAME
from tests.dbt_project import DbtProject
from tests.integration.shop import Shop

pytestmark = pytest.mark.runs

EVENT = date(2026, 3, 31)
TOTAL, PART = 40, 15
HEAD = (
    *("order_id", "ordered_at", "email", "total", "status"),
    *("refunded", "refunded_at", "cancelled_at", "updated_at"),
)
Record = dict[str, object]
KINDS: dict[str, tuple[int, list[Record]]] = {
    "cancelled": (TOTAL, [{"status": "cancelled", "cancelled_at": EVENT}]),
    "cancelled, dated by its record": (TOTAL, [{"status": "cancelled", "updated_at": EVENT}]),
    "paid, then cancelled": (
        TOTAL,
        [{"status": "paid", "updated_at": "ordered"}, {"status": "cancelled", "updated_at": EVENT}],
    ),
    "pending, then cancelled": (
        TOTAL,
        [
            {"status": "pending", "updated_at": "ordered"},
            {"status": "cancelled", "cancelled_at": EVENT, "updated_at": EVENT},
        ],
    ),
    "refunded": (TOTAL, [{"status": "refunded", "refunded_at": EVENT}]),
    "refunded, dated by its record": (TOTAL, [{"status": "refunded", "updated_at": EVENT}]),
    "refunded in part": (
        PART,
        [{"status": "paid", "refunded": PART, "refunded_at": EVENT, "updated_at": EVENT}],
    ),
    "paid, then refunded in part": (
        PART,
        [
            {"status": "paid", "updated_at": "ordered"},
            {"status": "paid", "refunded": PART, "refunded_at": EVENT, "updated_at": EVENT},
        ],
    ),
    "refunded in part and cancelled": (
        TOTAL,
        [
            {
                "status": "cancelled",
                "refunded": PART,
                "refunded_at": EVENT,
                "cancelled_at": EVENT,
            }
        ],
    ),
}
"""What goes back in all, and the versions of the record that tell of it."""


@dataclass(frozen=True)
class Case:
    """One customer, whose last order or the one before it goes back on the day of the event."""

    number: int
    kind: str
    days_ago: int
    has_bought_since: bool

    @property
    def email(self) -> str:
        return f"case{self.number}@example.com"

    @property
    def is_unmade(self) -> bool:
        """Whether it goes back on its own day, so that there was no purchase."""
        return self.days_ago == 0 and KINDS[self.kind][0] == TOTAL


CASES = [
    Case(number, kind, days_ago, has_bought_since)
    for number, (kind, days_ago, has_bought_since) in enumerate(
        (kind, days_ago, has_bought_since)
        for kind in KINDS
        for days_ago in (0, 1, 30, 250)
        for has_bought_since in ((False, True) if days_ago > 1 else (False,))
    )
]


def orders(*, went_back: bool) -> Iterator[list[object]]:
    """Yield what the shop exports: every order, and of the cases whether they went back."""
    for number in range(60):
        for purchase in range(12):
            day = EVENT + timedelta(days=20) - timedelta(days=37 * purchase + number)
            yield row(f"usual{number}-{purchase}", f"usual{number}@example.com", day, {})
    for case in CASES:
        last = EVENT - timedelta(days=case.days_ago)
        for purchase in (1, 2, 3):
            day = last - timedelta(days=50 * purchase)
            yield row(f"{case.number}-{purchase}", case.email, day, {})
        if case.has_bought_since:
            yield row(f"{case.number}-since", case.email, last + timedelta(days=20), {})
        for record in KINDS[case.kind][1] if went_back else [{"status": "paid"}]:
            yield row(f"{case.number}-last", case.email, last, record)


def row(order_id: str, email: str, day: date, record: Record) -> list[object]:
    told = {"order_id": order_id, "ordered_at": f"{day} 09:00", "email": email, "total": TOTAL}
    dated = {
        name: f"{day} 09:00" if value == "ordered" else f"{value} 18:00"
        for name, value in record.items()
        if name.endswith("_at")
    }
    return [(told | record | dated).get(name, "") for name in HEAD]


def load(project: DbtProject, inbox: Path, *, went_back: bool) -> None:
    Shop(inbox).write("orders", "orders.csv", HEAD, list(orders(went_back=went_back)))
    report = load_entity(
        project.warehouse,
        ENTITY_BY_NAME["orders"],
        inbox / "inbox",
        Rules("Europe/Berlin", {"EUR": date.min}, max_share=0),
    )
    assert report.rows_quarantined == 0


@dataclass(frozen=True)
class Shops:
    """A shop where orders went back, and the same shop where none did.

    ``compared`` are the tables that are held against one another: every mart, and what the churn
    model is fitted to.
    """

    went_back: DbtProject
    kept: DbtProject
    replay: CompiledModels
    compared: tuple[str, ...]

    def on(self, day: date) -> tuple[dict[str, list[tuple]], dict[str, list[tuple]]]:
        """Build both as of ``day`` and return the rows of both."""
        return self._rows(self.went_back, day), self._rows(self.kept, day)

    def _rows(self, project: DbtProject, day: date) -> dict[str, list[tuple]]:
        with project.warehouse.connect() as connection:
            self.replay.build(connection, day)
            return {
                table: connection.execute(
                    # A refund that is still to come is a record that was loaded all the same.
                    f"from {table} {'where is_in_revenue' if 'accounting' in table else ''} "
                    "order by all"
                ).fetchall()
                for table in self.compared
            }


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Shops:
    folder = tmp_path_factory.mktemp("shops")
    went_back, kept = (DbtProject(folder / name) for name in ("went_back", "kept"))
    went_back.warehouse.prepare()
    load(went_back, went_back.folder, went_back=True)
    went_back.build(
        as_of_date=str(EVENT), sources=["files"], timezone="Europe/Berlin", currency="EUR"
    )
    kept.folder.mkdir()
    shutil.copyfile(went_back.warehouse.path, kept.warehouse.path)
    with kept.warehouse.connect() as connection:
        connection.execute("delete from raw_files.orders")
        connection.execute("delete from raw_files.loaded_files")
    load(kept, kept.folder, went_back=False)
    models = {model["unique_id"]: model for model in went_back.models()}
    marts = [model["name"] for model in models.values() if model["schema"] == "marts"]
    fitted_to = models["model.winback.int_churn_model_fits"]["depends_on"]["nodes"]
    return Shops(
        went_back,
        kept,
        CompiledModels.of(went_back.manifest, EVENT, *marts),
        (
            *(f"marts.{name}" for name in sorted(marts)),
            *(f"intermediate.{models[name]['name']}" for name in fitted_to),
        ),
    )


def test_the_day_before_nothing_is_known_of_what_goes_back(shops: Shops) -> None:
    went_back, kept = shops.on(EVENT - timedelta(days=1))

    assert len(kept["marts.customer_activity"]) > len(CASES)
    for table, rows in kept.items():
        assert went_back[table] == rows, table


@pytest.mark.parametrize("days_later", [0, 45])
def test_from_its_day_on_it_lowers_revenue_and_unmakes_no_earlier_purchase(
    shops: Shops, days_later: int
) -> None:
    shops.on(EVENT + timedelta(days=days_later))
    facts = """
        select email, revenue, purchase_count,
            list((lifecycle, valid_from, valid_to) order by valid_from)
        from marts.customers
        join marts.customer_activity using (customer_id)
        left join marts.customer_lifecycle using (customer_id)
        group by all
    """
    now, otherwise = (
        {row[0]: row[1:] for row in shop.rows(facts)} for shop in (shops.went_back, shops.kept)
    )
    cases = {case.email: case for case in CASES}

    assert now.keys() == otherwise.keys()
    for email, (revenue, purchases, spans) in otherwise.items():
        case = cases.get(email)
        given_back = KINDS[case.kind][0] if case else 0
        assert now[email][0] == revenue - Decimal(given_back), case
        if case and case.is_unmade:
            assert now[email][1] == purchases - 1, case
            assert now[email][2] != spans, case
        else:
            assert now[email][1:] == (purchases, spans), case
