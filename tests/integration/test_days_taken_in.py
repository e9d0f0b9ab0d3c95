"""Tables that take in what arrives each day are those that a build of everything at once makes."""

import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import builds
from pipeline.dbt_project import model_vars
from pipeline.loading.inbox import load_entity
from pipeline.loading.load import Rules
from pipeline.settings import Settings
from pipeline.sources.contract import ENTITIES, ENTITY_BY_NAME
from tests.dbt_project import DbtProject

pytestmark = pytest.mark.runs

FIRST_DAY = date(2026, 6, 20)
DAYS = 5
PEOPLE = 200
ORDERS = 1200
FIRST_ROWS = 600
ROWS = 15
"""Few a day, so that most people are left as they were."""
CYCLES = {"cycle_needs_gaps": 3, "cycle_needs_days": 30}
"""So that what few people do changes the usual gaps of many."""
ZONE = "Europe/Berlin"
STANDING = {
    "intermediate.int_email_recipients": """
        select * exclude (recipient_number), count(*) over (partition by recipient_number)
        from intermediate.int_email_recipients""",
    "intermediate.int_email_mails": """
        select mails.* exclude (mail_hash, recipient_number), named.account_key, named.email
        from intermediate.int_email_mails as mails
        inner join (
            select distinct recipient_number, account_key, email
            from intermediate.int_email_recipients
        ) as named on mails.recipient_number = named.recipient_number""",
    "intermediate.int_orders_kept": "from intermediate.int_orders_settled",
    "intermediate.int_customer_ids_kept": """
        select person_key, customer_id from intermediate.int_customer_ids_kept
        where customer_id is not null""",
}
"""Who mails went to is numbered as they come; what the numbers stand for is the same. What stands
is, too; what has been replaced is not there in a build of everything."""
SINCE_LAST_BUILD = {"intermediate.int_orders_changed", "intermediate.int_customers_changed"}


@dataclass
class FollowedShop:
    """A made-up shop whose files come day by day, most of them about what was told before."""

    project: DbtProject
    lots: random.Random

    @property
    def inbox(self) -> Path:
        return self.project.folder / "inbox"

    @property
    def settings(self) -> Settings:
        return Settings(
            _env_file=None,
            sources=("files",),
            inbox=self.inbox,
            var=self.project.folder,
            timezone=ZONE,
            currency="EUR",
        )

    def bring(self, day: date) -> None:
        """Write what comes on a day and load it. Files' names are in no order of days."""
        for entity, make in (
            ("orders", self._order),
            ("order_lines", self._order_line),
            ("email_events", self._event),
            ("customers", self._customer),
            ("consents", self._consent),
            ("returns", self._return),
        ):
            names = [column.name for column in ENTITY_BY_NAME[entity].columns]
            count = FIRST_ROWS if day == FIRST_DAY else ROWS
            rows = [{"day": day, **make(day)} for _ in range(count)]
            if day == FIRST_DAY or self.lots.random() < 0.7:
                self._write(entity, names, rows)
        rules = Rules(ZONE, {"EUR": date.min}, max_share=1.0)
        for entity in ENTITIES:
            load_entity(self.project.warehouse, entity, self.inbox, rules)

    def build(self, day: date) -> bool:
        """Build all models for a day as a run does; say whether they went on from the last."""
        models = builds.fingerprint(model_vars(self.settings))
        last = builds.extendable(self.project.warehouse, models, day)
        told = {"day": last.day, "file_id": last.file_id} if last else None
        self._dbt(day, told)
        builds.remember(self.project.warehouse, models, day)
        return last is not None

    def build_all(self, day: date) -> None:
        """Build all models for a day from nothing."""
        self._dbt(day, None)

    def tables(self) -> dict[str, list[str]]:
        """Return all rows of each table of models, in one order."""
        kept = [
            f"{node['schema']}.{node['name']}"
            for node in self.project.models()
            if node["config"]["materialized"] in ("table", "incremental")
        ]
        kept = [name for name in kept if name not in SINCE_LAST_BUILD]
        return {
            name: sorted(map(repr, self.project.rows(STANDING.get(name, f"from {name}"))))
            for name in kept
        }

    def count(self, table: str) -> int:
        [(count,)] = self.project.rows(f"select count(*) from {table}")
        return int(count)

    def _dbt(self, day: date, last_build: dict[str, object] | None) -> None:
        self.project.build(
            sources=["files"],
            timezone=ZONE,
            currency="EUR",
            as_of_date=day.isoformat(),
            last_build=last_build,
            **CYCLES,
        )

    def _write(self, entity: str, names: Sequence[str], rows: Sequence[dict[str, object]]) -> None:
        path = self.inbox / entity / f"{self.lots.randrange(10**6):06}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names, extrasaction="ignore", restval="")
            writer.writeheader()
            writer.writerows(rows)

    def _some_time(self, day: date, back: int, ahead: int = 2) -> datetime:
        seconds = self.lots.randrange(86400)
        offset = self.lots.randint(-back, ahead)
        return datetime.combine(day + timedelta(days=offset), datetime.min.time()) + timedelta(
            seconds=seconds
        )

    def _person(self) -> dict[str, object]:
        number = self.lots.randrange(PEOPLE)
        email = self.lots.choice((f"person{number}@example.com", f" Person{number}@Example.com"))
        account = self.lots.choice((f"{number}", f"{(number + 1) % PEOPLE}"))
        return self.lots.choice(
            ({"email": email}, {"email": email}, {"customer_id": account})
            + (({"email": email, "customer_id": account},) if self.lots.random() < 0.1 else ())
        )

    def _sometimes(self, make: Callable[[], object], share: float = 0.2) -> object:
        return make() if self.lots.random() < share else ""

    def _order(self, day: date) -> dict[str, object]:
        return {
            "order_id": f"o{self.lots.randrange(ORDERS)}",
            "ordered_at": self._some_time(day, self.lots.choice((500, 500, 1))),
            **self._person(),
            "status": self.lots.choice(
                ("paid", "paid", "paid", "pending", "cancelled", "refunded")
            ),
            "total": self._sometimes(lambda: self.lots.randrange(1, 90), 0.8),
            "discount": self._sometimes(lambda: self.lots.randrange(0, 3)),
            "refunded": self._sometimes(lambda: self.lots.randrange(0, 20)),
            "refunded_at": self._sometimes(lambda: self._some_time(day, 20)),
            "cancelled_at": self._sometimes(lambda: self._some_time(day, 20), 0.1),
            "coupon_code": self._sometimes(lambda: "WELCOME"),
            "is_test": self._sometimes(lambda: "yes", 0.05),
            "updated_at": self._sometimes(lambda: self._some_time(day, 20), 0.6),
        }

    def _order_line(self, day: date) -> dict[str, object]:
        return {
            "order_id": f"o{self.lots.randrange(ORDERS)}",
            "product_id": f"p{self.lots.randrange(6)}",
            "category": self.lots.choice(("tea", "cups", "")),
            "quantity": self.lots.randrange(1, 4),
            "unit_price": self.lots.randrange(1, 30),
        }

    def _event(self, day: date) -> dict[str, object]:
        return {
            "event_id": f"e{self.lots.randrange(250)}",
            **self._person(),
            "event": self.lots.choice(
                ("sent", "delivered", "opened", "clicked", "bounced", "unsubscribed")
            ),
            "occurred_at": self._some_time(day, 40),
            "campaign_id": self._sometimes(lambda: f"c{self.lots.randrange(3)}", 0.7),
            "message_id": self._sometimes(lambda: f"m{self.lots.randrange(8)}", 0.7),
            "bounce_type": self.lots.choice(("hard", "soft", "")),
            "is_machine": self.lots.choice(("yes", "no", "")),
            "user_agent": self.lots.choice(("Thunderbird", "GoogleImageProxy", "")),
        }

    def _customer(self, day: date) -> dict[str, object]:
        number = self.lots.randrange(PEOPLE)
        return {
            "customer_id": f"{number}",
            "email": f"person{number}@example.com",
            "registered_at": self._sometimes(lambda: self._some_time(day, 600, -500), 0.8),
            "updated_at": self._sometimes(lambda: self._some_time(day, 10)),
            "country": self.lots.choice(("DE", "FR")),
        }

    def _consent(self, day: date) -> dict[str, object]:
        return {
            **self._person(),
            "channel": self.lots.choice(("email", "phone")),
            "state": self.lots.choice(("subscribed", "subscribed", "unsubscribed", "objected")),
            "at": self._some_time(day, 300),
        }

    def _return(self, day: date) -> dict[str, object]:
        return {
            "id": f"r{self.lots.randrange(60)}",
            "order_id": f"o{self.lots.randrange(ORDERS)}",
            "occurred_at": self._some_time(day, 30),
            "amount": self._sometimes(lambda: self.lots.randrange(1, 20)),
        }


@pytest.fixture
def shop(tmp_path: Path) -> FollowedShop:
    """A shop of which nothing has been told."""
    project = DbtProject(tmp_path)
    project.warehouse.prepare()
    for entity in ENTITIES:
        (tmp_path / "inbox" / entity.name).mkdir(parents=True)
    return FollowedShop(project, random.Random(1))


def test_what_came_day_by_day_is_what_came_at_once(shop: FollowedShop) -> None:
    days = [FIRST_DAY + timedelta(days=number) for number in range(DAYS)]
    went_on, changed = [], []
    for day in days:
        shop.bring(day)
        went_on.append(shop.build(day))
        changed.append(shop.count("intermediate.int_customers_changed"))
    followed = shop.tables()

    shop.build_all(days[-1])

    assert went_on == [False, *[True] * (DAYS - 1)]
    assert 0 < max(changed) < shop.count("marts.customers") / 2
    at_once = shop.tables()
    assert {name for name in followed if followed[name] != at_once[name]} == set()
    assert len(at_once["intermediate.int_email_mails"]) > 80
