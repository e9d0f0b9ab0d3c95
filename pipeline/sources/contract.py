"""The inbox contract: which entities files may bring, their columns and what each value must be."""

from dataclasses import dataclass

META_COLUMNS = """
    _extra json, _file_id integer not null, _row_number bigint not null,
    _record_hash hugeint not null, _loaded_at timestamp not null
"""
"""What raw keeps beside a record: other columns, where it came from, what tells versions apart."""


@dataclass(frozen=True)
class Column:
    """A column of the contract.

    ``kind`` is one of text, time, date, money, number, flag. ``allowed`` closes the set of
    values (compared in lower case), ``is_negative_allowed`` opens the range below zero.
    """

    name: str
    kind: str = "text"
    is_required: bool = False
    allowed: tuple[str, ...] = ()
    is_negative_allowed: bool = False

    @property
    def sql_type(self) -> str:
        """Return the type of the column in raw. Times are UTC there."""
        return {
            "text": "varchar",
            "time": "timestamp",
            "date": "date",
            "money": "decimal(18, 4)",
            "number": "decimal(18, 4)",
            "flag": "boolean",
        }[self.kind]


@dataclass(frozen=True)
class Entity:
    """A folder of the inbox.

    ``key`` tells records apart. ``one_of`` names columns of which one has to be filled.
    ``is_replaced_by_key`` marks entities whose rows of one key stand and fall together.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    is_replaced_by_key: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """Return the columns that a file must have."""
        return tuple(column.name for column in self.columns if column.is_required)


STATUSES = ("paid", "pending", "cancelled", "refunded")
CONSENT_STATES = (
    "subscribed",
    "soft_opt_in",
    "unsubscribed",
    "never",
    "pending",
    "objected",
    "redacted",
)
CHANNELS = ("email", "sms", "phone", "ads")
EVENTS = ("sent", "delivered", "opened", "clicked", "bounced", "unsubscribed", "complained")

ENTITIES = (
    Entity(
        "orders",
        (
            Column("order_id", is_required=True),
            Column("ordered_at", "time", is_required=True),
            Column("customer_id"),
            Column("email"),
            Column("status", allowed=STATUSES),
            Column("total", "money"),
            Column("discount", "money"),
            Column("refunded", "money"),
            Column("refunded_at", "time"),
            Column("cancelled_at", "time"),
            Column("currency"),
            Column("coupon_code"),
            Column("is_test", "flag"),
            Column("updated_at", "time"),
        ),
        key=("order_id",),
    ),
    Entity(
        "order_lines",
        (
            Column("order_id", is_required=True),
            Column("line_id"),
            Column("product_id", is_required=True),
            Column("product_name"),
            Column("category"),
            Column("quantity", "number", is_required=True),
            Column("unit_price", "money", is_required=True),
            Column("discount", "money"),
        ),
        key=("order_id",),
        is_replaced_by_key=True,
    ),
    Entity(
        "customers",
        (
            Column("customer_id", is_required=True),
            Column("email"),
            Column("first_name"),
            Column("last_name"),
            Column("phone"),
            Column("language"),
            Column("country"),
            Column("city"),
            Column("birth_date", "date"),
            Column("gender"),
            Column("registered_at", "time"),
            Column("has_account", "flag"),
            Column("is_blocked", "flag"),
            Column("updated_at", "time"),
            Column("email_consent", allowed=CONSENT_STATES),
            Column("consent_at", "time"),
        ),
        key=("customer_id",),
    ),
    Entity(
        "consents",
        (
            Column("customer_id"),
            Column("email"),
            Column("channel", is_required=True, allowed=CHANNELS),
            Column("state", is_required=True, allowed=CONSENT_STATES),
            Column("at", "time", is_required=True),
            Column("source"),
        ),
        key=("customer_id", "email", "channel", "state", "at"),
        one_of=("customer_id", "email"),
    ),
    Entity(
        "email_events",
        (
            Column("event_id", is_required=True),
            Column("email"),
            Column("customer_id"),
            Column("event", is_required=True, allowed=EVENTS),
            Column("occurred_at", "time", is_required=True),
            Column("campaign_id"),
            Column("message_id"),
            Column("bounce_type", allowed=("hard", "soft")),
            Column("is_machine", "flag"),
            Column("user_agent"),
        ),
        key=("event_id",),
        one_of=("email", "customer_id"),
    ),
)

ENTITY_BY_NAME = {entity.name: entity for entity in ENTITIES}
