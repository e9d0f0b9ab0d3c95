from pathlib import Path

import pytest

from tests.integration.shop import LAST_DAY, Shop, small_shop

VISITS = ("visit_id", "email", "occurred_at", "page_type", "product_id")
CARTS = ("cart_id", "email", "updated_at", "product_id", "order_id")
COMPLAINTS = ("id", "order_id", "email", "occurred_at", "resolved_at", "score")
ANSWERS = ("id", "email", "occurred_at", "reason", "score")
RETURNS = ("id", "order_id", "occurred_at", "reason")
PRODUCTS = ("product_id", "name", "category", "is_available", "cycle_days", "is_one_off")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made: Shop = small_shop(Path(tmp_path_factory.mktemp("behaviour")))
    visits = [
        (f"v{number}", "looker@example.com", f"{LAST_DAY} 0{number}:00", "product", "product1")
        for number in range(5)
    ]
    made.write("visits", "visits.csv", VISITS, visits)
    made.write(
        "carts",
        "carts.csv",
        CARTS,
        [
            ("k1", "person1@example.com", f"{LAST_DAY} 10:00", "product2", ""),
            ("k2", "person2@example.com", f"{LAST_DAY} 10:00", "product3", "2-1"),
        ],
    )
    made.write(
        "complaints",
        "complaints.csv",
        COMPLAINTS,
        [
            ("1", "", "person20@example.com", f"{LAST_DAY} 10:00", "", ""),
            ("2", "", "person21@example.com", f"{LAST_DAY} 10:00", f"{LAST_DAY} 11:00", ""),
            ("3", "", "person14@example.com", f"{LAST_DAY} 10:00", "", "furious"),
        ],
    )
    made.write(
        "returns", "returns.csv", RETURNS, [("1", "24-1", f"{LAST_DAY} 10:00", "arrived broken")]
    )
    made.write(
        "answers",
        "answers.csv",
        ANSWERS,
        [("1", "person15@example.com", f"{LAST_DAY} 10:00", "TOO_EXPENSIVE says Ann", "3")],
    )
    made.write(
        "products",
        "products.csv",
        PRODUCTS,
        [
            ("product0", "Soap", "bath", "yes", "30", ""),
            ("product1", "Bed", "sleep", "no", "", ""),
            ("product6", "Sofa", "rest", "yes", "", "yes"),
        ],
    )
    made.daily()
    return made


def test_a_visitor_is_a_prospect_who_may_be_a_window_shopper(shop: Shop) -> None:
    assert shop.rows(
        """select visits_90d, carts_90d, last_seen_product_id, most_viewed_category
        from marts.customer_activity inner join marts.customers using (customer_id)
        where email = 'looker@example.com'"""
    ) == [(5, 0, "product1", "sleep")]
    assert members(shop, "window_shoppers") == ["looker@example.com"]


def test_a_cart_of_which_an_order_came_is_not_abandoned(shop: Shop) -> None:
    assert shop.rows(
        """select email, carts_90d, abandoned_carts_90d, last_carted_product_id
        from marts.customer_activity inner join marts.customers using (customer_id)
        where carts_90d > 0 order by email"""
    ) == [("person1@example.com", 1, 1, "product2"), ("person2@example.com", 1, 0, None)]


def test_carts_and_looks_let_people_into_programmes(shop: Shop) -> None:
    assert shop.rows(
        """select programme, email, reason
        from segments.programme_candidates inner join marts.customers using (customer_id)
        where programme in ('cart_abandoned', 'category_browsed') order by programme"""
    ) == [
        (
            "cart_abandoned",
            "person1@example.com",
            f"left a cart on {LAST_DAY} and has ordered nothing since",
        ),
        (
            "category_browsed",
            "looker@example.com",
            f"looked at 5 pages of sleep, last on {LAST_DAY}, and has bought nothing of it since",
        ),
    ]


def test_an_answer_is_told_in_words_of_the_seed(shop: Shop) -> None:
    assert shop.rows(
        """select email, last_answer_score, last_answer_reason_label
        from marts.customer_activity inner join marts.customers using (customer_id)
        where last_answer_date is not null"""
    ) == [("person15@example.com", 3, "too dear")]


def test_an_open_complaint_and_a_fault_make_unhappy_and_no_list(shop: Shop) -> None:
    assert members(shop, "unhappy") == ["person20@example.com", "person24@example.com"]
    assert shop.listed("unhappy") == []
    said = shop.run("explain", "person24@example.com").stdout
    assert f"Unhappy: returned for a fault (damaged) since {LAST_DAY}." in said


def test_whoever_may_have_complained_is_on_no_list(shop: Shop) -> None:
    assert shop.rows(
        """select forbidden_reason from intermediate.int_contact_permissions
        where email = 'person14@example.com'"""
    ) == [("unread_record",)]


def test_a_product_lasts_as_long_as_the_shop_says(shop: Shop) -> None:
    assert shop.rows(
        """select distinct favourite_product_due_basis, favourite_product_due_on
            - last_purchase_date
        from marts.customer_activity where favourite_product_id = 'product0'"""
    ) == [("cycle", 60)]


def members(shop: Shop, segment: str) -> list[str]:
    return [
        email
        for (email,) in shop.rows(
            f"""select email from marts.segment_members
            inner join marts.customers using (customer_id)
            where segment = '{segment}' order by email"""
        )
    ]


def test_who_bought_only_what_is_bought_once_never_falls_quiet(shop: Shop) -> None:
    found = shop.rows(
        """select lifecycle, count(dormant_on), count(*)
        from marts.customer_churn inner join marts.customers using (customer_id)
        where cast(regexp_extract(email, 'person([0-9]+)', 1) as integer) % 7 = 6
            and email like 'person%' group by lifecycle"""
    )
    assert found
    assert {(state, dated) for state, dated, _ in found} <= {("active", 0), ("new", 0)}
