"""The part of the inbox contract about what people do beside buying, and about what is sold."""

from collections.abc import Sequence

from pipeline.sources.entity import Column, Entity


def _told_after_an_order(name: str, description: str, columns: Sequence[Column]) -> Entity:
    """Return an entity of which each record names an order or a person."""
    return Entity(
        name,
        (
            Column("id", is_required=True, description="Number of the record."),
            Column("order_id", description="Order concerned."),
            Column("customer_id", description="Account concerned."),
            Column("email", is_personal=True, description="Address concerned."),
            Column("occurred_at", "time", is_required=True, description="When."),
            *columns,
            Column(
                "score",
                "number",
                within=(1, 5),
                description="How content the person is: 1 (not at all) to 5.",
            ),
        ),
        key=("id",),
        description=description,
        one_of=("order_id", "customer_id", "email"),
    )


RESOLVED = Column("resolved_at", "time", description="When it was settled with the person.")
AMOUNT = Column("amount", "money", description="Money concerned; what counts stands in the orders.")
REASON = Column("reason", is_personal=True, description="Why, in a word or in the person's own.")

BEHAVIOUR = (
    Entity(
        "carts",
        (
            Column("cart_id", is_required=True, description="Number of the cart."),
            Column("customer_id", description="Account that filled it."),
            Column("email", is_personal=True, description="Address given at checkout."),
            Column("updated_at", "time", is_required=True, description="When it changed last."),
            Column("product_id", description="Product in it."),
            Column("quantity", "number", description="Pieces of it."),
            Column("unit_price", "money", description="Price of a piece."),
            Column("order_id", description="Order that came of it; empty while none has."),
        ),
        key=("cart_id",),
        description="Carts and abandoned checkouts, a row per product in them.",
        one_of=("customer_id", "email"),
        is_replaced_by_key=True,
    ),
    Entity(
        "visits",
        (
            Column("visit_id", is_required=True, description="Number of the visit."),
            Column("customer_id", description="Account that came."),
            Column("email", is_personal=True, description="Address of whoever came."),
            Column("occurred_at", "time", is_required=True, description="When the page was shown."),
            Column(
                "page_type", description="Kind of page or deed: product, favourite or any other."
            ),
            Column("product_id", description="Product looked at or marked."),
        ),
        key=("visit_id", "occurred_at", "page_type", "product_id"),
        description="Visits to the shop, a row per page or mark.",
        one_of=("customer_id", "email"),
    ),
    _told_after_an_order("returns", "Goods sent back.", (RESOLVED, AMOUNT, REASON)),
    _told_after_an_order(
        "complaints", "Complaints, with their resolution.", (RESOLVED, AMOUNT, REASON)
    ),
    _told_after_an_order("answers", "Answers to surveys, and reviews.", (RESOLVED, AMOUNT, REASON)),
    Entity(
        "products",
        (
            Column("product_id", is_required=True, description="Number of the product."),
            Column("name", description="Its name."),
            Column("category", description="Its category."),
            Column("price", "money", description="Price of a piece."),
            Column(
                "margin",
                "money",
                is_negative_allowed=True,
                description="What a piece leaves after its costs.",
            ),
            Column("url", description="Its page."),
            Column("image_url", description="Its picture."),
            Column("is_available", "flag", description="Whether it can be bought now."),
            Column("cycle_days", "count", description="For how many days a piece lasts."),
            Column(
                "season_from",
                "day_of_year",
                description="First day of the year on which it is of use, like 03-01.",
            ),
            Column(
                "season_to",
                "day_of_year",
                description="Last day of it; before season_from where it runs over New Year.",
            ),
            Column("is_one_off", "flag", description="Whether people buy it once in a long time."),
        ),
        key=("product_id",),
        description="What the shop sells.",
        together=("season_from", "season_to"),
    ),
)
