"""An audience in the stand-in for Mailchimp, and the profiles that are sent to it."""

from datetime import date
from typing import Any

import pyarrow as pa

from pipeline.apis.mailchimp import MailchimpApi
from pipeline.destinations.contract import Changes, Outcome
from pipeline.destinations.mailchimp import MailchimpTool
from pipeline.http import Patience
from tests.stand_ins.mailchimp import KEY, MailchimpStandIn, member_id

AUDIENCE, LIST = "audience", "winback_slipping"
AT = "2026-11-01T10:00:00+00:00"
PROFILE = pa.schema(
    [
        *((name, pa.string()) for name in ("customer_id", "email", "first_name", "city")),
        ("winback_lifecycle", pa.string()),
        ("winback_is_vip", pa.bool_()),
        ("winback_purchase_count", pa.int64()),
        ("winback_last_purchase_date", pa.date32()),
        ("winback_favourite_product_name", pa.string()),
        ("winback_favourite_product_url", pa.string()),
        ("winback_offer_code", pa.string()),
    ]
)
KNOWN = pa.schema([*PROFILE, ("contact_id", pa.string())])
MEMBER = pa.schema([("customer_id", pa.string()), ("contact_id", pa.string())])
USUAL = {
    "first_name": "Ann",
    "city": "Bath",
    "winback_lifecycle": "slipping",
    "winback_is_vip": True,
    "winback_purchase_count": 3,
    "winback_last_purchase_date": date(2026, 8, 1),
}


def contact_of(email: str) -> str:
    return f"contact-{member_id(email)[:8]}"


def profile(name: str, **values: Any) -> dict[str, Any]:
    return {"customer_id": name, "email": f"{name}@example.com", **USUAL, **values}


def changes(
    adds: tuple | list = (), updates: tuple | list = (), removes: tuple | list = ()
) -> Changes:
    return Changes(
        pa.Table.from_pylist(list(adds), PROFILE),
        pa.Table.from_pylist(list(updates), KNOWN),
        pa.Table.from_pylist(list(removes), MEMBER),
    )


def people(server: MailchimpStandIn, *names: str, **more: Any) -> None:
    for name in names:
        server.add_member(AUDIENCE, f"{name}@example.com", changed=AT, **more)


def tool_of(server: MailchimpStandIn, key: str = KEY, list_id: str = AUDIENCE) -> MailchimpTool:
    api = MailchimpApi(
        key,
        base_url=server.base_url,
        patience=Patience(silence_seconds=2, attempts=3),
        sleep=server.clock.sleep,
        clock=server.clock,
    )
    return MailchimpTool(api, list_id)


def add(server: MailchimpStandIn, *names: str) -> Outcome:
    return tool_of(server).apply(LIST, changes(adds=[profile(name) for name in names]))


def on_list(server: MailchimpStandIn, name: str = LIST) -> set[str]:
    return {email.partition("@")[0] for email in server.audience.on(AUDIENCE, name)}


def fields_of(server: MailchimpStandIn, name: str) -> dict[str, Any]:
    fields: dict[str, Any] = server.members[AUDIENCE][member_id(f"{name}@example.com")][
        "merge_fields"
    ]
    return fields


def rows(table: pa.Table) -> set[tuple[str, str]]:
    return {(row["contact_id"], row["email"].partition("@")[0]) for row in table.to_pylist()}
