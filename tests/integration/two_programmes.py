"""Ada, two programmes that she may enter, and what a made-up day of them begins with."""

from datetime import date, timedelta
from typing import Any

from tests.integration.programmes import Programmes, events

START = date(2024, 3, 1)
PROGRAMME = {
    "label": "x",
    "description": "x",
    "is_on": True,
    "channel": "email",
    "outcome_window_days": 60,
    "is_winback": True,
    "archives": True,
    "serves_unhappy": False,
    "cool_down_days": 7,
    "reentry_days": 180,
    "assumed_lift": 0.02,
    "assumed_weight": 500,
}
STEP = {"arm": None, "basis": "entry", "offer": "perk", "message_kind": "perk"}
STEPS = [
    {**STEP, "programme": "dormant", "step": 1, "after_days": 0, "resend_after_days": 4},
    {**STEP, "programme": "dormant", "step": 2, "after_days": 10, "ends_after_days": 14},
    {**STEP, "programme": "cart", "step": 1, "after_days": 0, "ends_after_days": 3},
]
OFFERS = [
    {"offer": "perk", "kind": "perk", "label": "Free shipping", "code": "SHIP", "valid_days": 14},
    {"offer": "none", "kind": "none", "label": "None"},
    {"offer": "less", "kind": "discount", "label": "Less", "value": 10, "value_unit": "percent"},
]


def two_programmes(programmes: Programmes) -> None:
    """Let Ada be a candidate of the programme dormant, subscribed, and nobody a control."""
    programmes.seed(
        "programmes",
        [
            {
                **PROGRAMME,
                "programme": "cart",
                "priority": 1,
                "archives": False,
                "cool_down_days": 0,
            },
            {**PROGRAMME, "programme": "dormant", "priority": 2},
        ],
    )
    programmes.seed("programme_steps", STEPS)
    programmes.seed("offers", OFFERS)
    programmes.seed(
        "programme_arms",
        [{"programme": one, "arm": "a", "share": 1} for one in ("cart", "dormant")],
    )
    controls(programmes, 0)
    programmes.seed(
        "programme_messages",
        [
            {**message, "programme": "dormant", "message": kind, "assume_sent": False}
            for message, kind in (
                ({"step": 1, "campaign_id": "first"}, "first"),
                ({"step": 1, "campaign_id": "again"}, "resend"),
                ({"step": 2, "campaign_id": "second"}, "first"),
            )
        ]
        + [{"programme": "cart", "step": 1, "message": "first", "assume_sent": True}],
    )
    known(programmes)
    programmes.give("segments.programme_candidates", [candidate("ada")])


def controls(day: Programmes, share: float, of_all: float = 0) -> None:
    day.seed(
        "programme_periods",
        [
            {"programme": name, "valid_from": "1970-01-01", "salt": f"{name}-1", "control_share": s}
            for name, s in (("all", of_all), ("cart", share), ("dormant", share))
        ],
    )


def known(day: Programmes, *customers: str) -> None:
    people = customers or ("ada",)
    activity = {"last_purchase_date": START - timedelta(days=200)}
    dates = {
        "slipping_on": START - timedelta(days=80),
        "dormant_on": START - timedelta(days=20),
        "long_dormant_on": START + timedelta(days=160),
    }
    day.give("marts.customer_activity", [{"customer_id": one, **activity} for one in people])
    day.give("marts.customer_churn", [{"customer_id": one, **dates} for one in people])
    day.give("intermediate.int_channel_permissions", [{"customer_id": one} for one in people])
    day.give("intermediate.int_contact_permissions", [{"customer_id": one} for one in people])
    day.give(
        "intermediate.int_customer_keys",
        [{"customer_id": one, "person_key": one, "group_key": one} for one in people],
    )


def candidate(customer: str, programme: str = "dormant") -> dict[str, Any]:
    return {"customer_id": customer, "programme": programme, "reason": "dormant since then"}


def mailed(day: Programmes, **mails: dict[str, date]) -> None:
    """Let the tool report these mails of Ada's."""
    day.give(
        "intermediate.int_email_events_unioned",
        [event for mail, kinds in mails.items() for event in events("ada", mail, kinds)],
    )


def run_days(day: Programmes, count: int) -> None:
    for _ in range(count):
        day.run()
        day.next_day()


def on(days: int) -> date:
    return START + timedelta(days=days)


def entered(day: Programmes, entered_on: date, **values: object) -> None:
    """Write down an entry of Ada's into the programme dormant, or what ``values`` say instead."""
    row: dict[str, object] = {
        "as_of_date": entered_on,
        "customer_id": "ada",
        "programme": "dormant",
        "arm": "a",
        "is_control": False,
        "salt": "dormant-1",
        "entry_values": '{"dormant_on": "2023-01-01", "last_purchase_date": "2023-08-14"}',
        "recorded_at": "2024-01-01",
    }
    _write(day, "sync.enrolments", {**row, **values})


def took(day: Programmes, taken_on: date, **values: object) -> None:
    """Write down that Ada took the first step of it."""
    row: dict[str, object] = {
        "as_of_date": taken_on,
        "customer_id": "ada",
        "programme": "dormant",
        "entered_on": taken_on,
        "step": 1,
        "message": "first",
        "is_listed": True,
        "offer": "perk",
        "recorded_at": "2024-01-01",
    }
    _write(day, "sync.programme_steps", {**row, **values})


def _write(day: Programmes, table: str, row: dict[str, object]) -> None:
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    day.connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))
