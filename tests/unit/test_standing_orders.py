from pipeline.loading.standing_orders import StandingOrders
from tests.unit.inbox import Inbox

HEAD = "order_id,ordered_at,email,total,status,updated_at"


def test_orders_stand_in_their_newest_version_unless_cancelled(inbox: Inbox) -> None:
    rows = [
        "1,2024-01-01,a@example.com,5,paid,2024-01-02T00:00:00Z",
        "1,2024-01-01,a@example.com,6,,2024-01-03T00:00:00Z",
        "2,2024-01-01,b@example.com,7,paid,2024-01-02T00:00:00Z",
        "2,2024-01-01,b@example.com,7,cancelled,2024-01-03T00:00:00Z",
        "3,2024-01-01T10:00:00Z,,8,pending,",
    ]
    inbox.put("orders/a.csv", "\n".join([HEAD, *rows]))
    assert inbox.load().rows_kept == 5

    standing = StandingOrders(inbox.warehouse, "files")

    assert standing.numbers() == {"1", "3"}
    (one,) = standing.records(["1", "2"])
    shown = {name: value for name, value in one.items() if value is not None}
    assert shown == {
        "order_id": "1",
        "ordered_at": "2024-01-01T00:00:00.000000Z",
        "email": "a@example.com",
        "total": "6.0000",
        "updated_at": "2024-01-03T00:00:00.000000Z",
    }
