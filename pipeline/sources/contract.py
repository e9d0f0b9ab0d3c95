"""The inbox contract: which entities files may bring, and what stands in them."""

from pipeline.sources.behaviour import BEHAVIOUR
from pipeline.sources.entity import Column, Entity

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
            Column("order_id", is_required=True, description="Number of the order."),
            Column("ordered_at", "time", is_required=True, description="When it was placed."),
            Column("customer_id", description="Account that placed it."),
            Column("email", is_personal=True, description="Address given at checkout."),
            Column(
                "status",
                allowed=STATUSES,
                description="paid, pending, cancelled or refunded; paid where empty.",
            ),
            Column(
                "total",
                "money",
                description="What the goods cost after discount; else from the lines.",
            ),
            Column(
                "discount",
                "money",
                description="Discount on the order, its lines' discounts included.",
            ),
            Column("refunded", "money", description="What was given back so far."),
            Column("refunded_at", "time", description="When it was given back last."),
            Column("cancelled_at", "time", description="When the order was cancelled."),
            Column("currency", "currency", description="Currency code; the shop's where empty."),
            Column("coupon_code", description="Coupon used."),
            Column("is_test", "flag", description="Whether nobody meant to buy."),
            Column("updated_at", "time", description="When the record changed last."),
        ),
        key=("order_id",),
        description="Orders of the shop.",
    ),
    Entity(
        "order_lines",
        (
            Column("order_id", is_required=True, description="Order the line belongs to."),
            Column("line_id", description="Number of the line."),
            Column("product_id", is_required=True, description="Product bought."),
            Column("product_name", description="Its name."),
            Column("category", description="Its category."),
            Column("quantity", "number", is_required=True, description="Pieces bought."),
            Column("unit_price", "money", is_required=True, description="Price of a piece."),
            Column("discount", "money", description="Discount on the line."),
        ),
        key=("order_id",),
        description="Lines of the orders.",
        is_replaced_by_key=True,
    ),
    Entity(
        "customers",
        (
            Column("customer_id", is_required=True, description="Number of the account."),
            Column("email", is_personal=True, description="Address now."),
            Column("first_name", is_personal=True, description="First name."),
            Column("last_name", is_personal=True, description="Last name."),
            Column("phone", is_personal=True, description="Phone number."),
            Column("language", description="Language code."),
            Column("country", description="Country."),
            Column("city", description="City."),
            Column("birth_date", "date", is_personal=True, description="Day of birth."),
            Column("gender", description="Gender."),
            Column("registered_at", "time", description="When the account was made."),
            Column("has_account", "flag", description="Whether it is an account and no guest."),
            Column("is_blocked", "flag", description="Whether nobody may write to this person."),
            Column("updated_at", "time", description="When the record changed last."),
            Column(
                "email_consent", allowed=CONSENT_STATES, description="Consent to e-mail, in short."
            ),
            Column("consent_at", "time", description="When that consent was given or withdrawn."),
        ),
        key=("customer_id",),
        description="Accounts and contacts.",
    ),
    Entity(
        "consents",
        (
            Column("customer_id", description="Account concerned."),
            Column("email", is_personal=True, description="Address concerned."),
            Column(
                "channel",
                is_required=True,
                allowed=CHANNELS,
                description="email, sms, phone or ads.",
            ),
            Column(
                "state",
                is_required=True,
                allowed=CONSENT_STATES,
                description="What was consented to.",
            ),
            Column("at", "time", is_required=True, description="When."),
            Column("source", description="Where the consent was given."),
        ),
        key=("customer_id", "email", "channel", "state", "at"),
        description="Consents by channel, with their history.",
        one_of=("customer_id", "email"),
    ),
    Entity(
        "email_events",
        (
            Column("event_id", is_required=True, description="Number of the event."),
            Column("email", is_personal=True, description="Address concerned."),
            Column("customer_id", description="Account concerned."),
            Column(
                "event",
                is_required=True,
                allowed=EVENTS,
                description="What happened: sent, delivered, opened, clicked, bounced, …",
            ),
            Column("occurred_at", "time", is_required=True, description="When."),
            Column("campaign_id", description="Campaign the mail belongs to."),
            Column("message_id", description="The mail."),
            Column("bounce_type", allowed=("hard", "soft"), description="hard or soft."),
            Column("is_machine", "flag", description="Whether a machine opened or clicked."),
            Column("user_agent", description="What opened or clicked."),
        ),
        key=("event_id",),
        description="What happened to mails.",
        one_of=("email", "customer_id"),
    ),
    *BEHAVIOUR,
)

ENTITY_BY_NAME = {entity.name: entity for entity in ENTITIES}
