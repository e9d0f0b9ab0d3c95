"""From a mail tool's API to the marts: the tool stands on loopback, runs read it as deployed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.shop import LAST_DAY, ORDERS, Shop
from tests.stand_ins.clock import RunningClock
from tests.stand_ins.klaviyo import KEY, KlaviyoStandIn

PEOPLE = 30
LISTED = "select customer_id from sync.members where destination = 'files'"


def address(person: int) -> str:
    return f"person{person}@example.com"


@pytest.fixture(scope="module")
def klaviyo() -> Iterator[KlaviyoStandIn]:
    with KlaviyoStandIn(RunningClock()) as server:
        server.add_metric("received", "Received Email")
        server.add_metric("opened", "Opened Email")
        server.add_metric("elsewhere", "Opened Email", integration="Shopify")
        for person in range(1, PEOPLE + 1):
            gone = [("UNSUBSCRIBE", "2026-06-01T08:00:00+00:00")] if person == 21 else []
            server.add_profile(
                f"p{person}",
                address(person),
                updated="2026-06-01T08:00:00+00:00",
                consent="UNSUBSCRIBED" if gone else "SUBSCRIBED",
                suppressions=gone,
            )
            mail = {"Campaign Name": "June", "$message": "m1"}
            server.add_event(
                f"r{person}", "received", f"p{person}", "2026-06-10T08:00:00+00:00", **mail
            )
        server.add_event("o1", "opened", "p1", "2026-06-10T09:00:00+00:00", machine_open=False)
        server.add_event("o2", "opened", "p2", "2026-06-10T09:00:00+00:00", machine_open=True)
        server.add_event("o3", "elsewhere", "p3", "2026-06-10T09:00:00+00:00", machine_open=False)
        yield server


@pytest.fixture(scope="module")
def shop(klaviyo: KlaviyoStandIn, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = Shop(
        Path(tmp_path_factory.mktemp("klaviyo")),
        {
            "WINBACK_SOURCES": "files,klaviyo",
            "WINBACK_KLAVIYO_URL": klaviyo.base_url,
            "WINBACK_KLAVIYO_KEY": KEY,
        },
    )
    orders = [
        (
            person * 10 + purchase,
            str(LAST_DAY - timedelta(days=person * 9 + purchase * 30)),
            "",
            address(person),
            "paid",
            100,
            "EUR",
        )
        for person in range(1, PEOPLE + 1)
        for purchase in range(3)
    ]
    made.write("orders", "all.csv", ORDERS, orders)
    made.daily()
    return made


def test_events_of_klaviyo_are_those_of_the_buyers(shop: Shop) -> None:
    assert shop.rows("select count(*) from marts.customers") == [(PEOPLE,)]
    found = shop.rows(
        """select email, emails_sent_90d, human_opens_90d, machine_opens_90d
        from marts.customer_activity inner join marts.customers using (customer_id)
        where email in ('person1@example.com', 'person2@example.com', 'person3@example.com')
        order by email"""
    )
    assert found == [(address(1), 1, 1, 0), (address(2), 1, 0, 1), (address(3), 1, 0, 0)]


def test_who_unsubscribed_at_klaviyo_is_on_no_list(shop: Shop) -> None:
    listed = shop.rows(
        f"select email from marts.customers where customer_id in ({LISTED}) order by email"
    )
    assert (address(20),) in listed
    assert (address(21),) not in listed


def test_the_key_stands_in_nothing_that_a_run_wrote(shop: Shop) -> None:
    written = [path for path in shop.var.rglob("*") if path.is_file()]
    assert len(written) > 10
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []
