"""Who is a control, in which arm, a trial: lots have their shares and say nothing of each other."""

from collections.abc import Sequence

import pytest
from scipy.stats import binomtest, chi2_contingency

from tests.integration.programmes import Programmes
from tests.integration.two_programmes import START, controls

pytestmark = pytest.mark.programmes

PEOPLE = 4000
# As far as chance goes one time in a thousand: lots are hashes, so these are drawn once for ever.
UNLIKELY = 0.001


@pytest.fixture
def crowd(day: Programmes) -> Programmes:
    """As many people as it takes to see a share, candidates of both programmes."""
    day.give("segments.programme_candidates", [])
    day.connection.execute(
        f"""insert into segments.programme_candidates (customer_id, programme, reason)
        select 'p' || number, programme, 'fits'
        from range({PEOPLE}) as people (number), unnest(['cart', 'dormant']) as named (programme)"""
    )
    for table, values in (
        ("marts.customer_activity", "50 as average_order_value, 60 as cycle_days"),
        ("marts.customer_churn", "0.3 as p_buys_90d, 'dormant' as lifecycle"),
        ("intermediate.int_channel_permissions", "'email' as channel, true as may_be_contacted"),
    ):
        day.give(table, [])
        day.connection.execute(
            f"insert into {table} by name "
            f"select 'p' || number as customer_id, {values} from range({PEOPLE}) as people (number)"
        )
    return day


def of_each(day: Programmes, query: str) -> list[bool]:
    return [bool(one) for (one,) in day.ask(f"{query} order by customer_id")]


def is_drawn(day: Programmes, lot: str, programme: str = "dormant") -> list[bool]:
    return of_each(
        day,
        f"select {lot} from programmes.programme_candidates_drawn where programme = '{programme}'",
    )


def agrees(found: Sequence[bool], share: float) -> bool:
    return binomtest(sum(found), len(found), share).pvalue > UNLIKELY


def are_independent(one: Sequence[bool], other: Sequence[bool]) -> bool:
    pairs = list(zip(one, other, strict=True))
    table = [[pairs.count((a, b)) for b in (False, True)] for a in (False, True)]
    return chi2_contingency(table).pvalue > UNLIKELY


def test_a_lot_has_its_share_and_tells_nothing_of_other_programmes_purposes_and_periods(
    crowd: Programmes,
) -> None:
    arms = [("a", 0.25), ("b", 0.75)]
    crowd.seed(
        "programme_arms",
        [
            {"programme": programme, "arm": arm, "share": share}
            for programme in ("cart", "dormant")
            for arm, share in arms
        ],
    )
    controls(crowd, 0.1)
    crowd.build()
    control, in_a, trial = (is_drawn(crowd, lot) for lot in ("is_control", "arm = 'a'", "is_trial"))
    assert agrees(control, 0.1)
    assert agrees(in_a, 0.25)
    assert agrees(trial, 0.1)
    of_cart = is_drawn(crowd, "is_control", "cart")
    assert agrees(of_cart, 0.1)
    crowd.connection.execute(
        "update reference.programme_periods set salt = 'dormant-2' where programme = 'dormant'"
    )
    crowd.build()
    for other in (in_a, trial, of_cart, is_drawn(crowd, "is_control")):
        assert are_independent(control, other)


def test_whoever_is_a_control_stays_one_when_the_share_grows(crowd: Programmes) -> None:
    drawn = []
    for share in (0.1, 0.2):
        controls(crowd, share)
        crowd.build()
        drawn.append(is_drawn(crowd, "is_control"))
    assert agrees(drawn[1], 0.2)
    assert all(later for earlier, later in zip(*drawn, strict=True) if earlier)


def test_the_global_control_has_its_share_of_those_who_pass_and_none_of_them_enters(
    crowd: Programmes,
) -> None:
    controls(crowd, 0.1, of_all=0.05)
    crowd.run()
    of_all = of_each(crowd, "select is_control from sync.enrolments where programme = 'all'")
    assert len(of_all) == PEOPLE
    assert agrees(of_all, 0.05)
    entered = {
        customer
        for (customer,) in crowd.ask(
            "select customer_id from sync.enrolments where programme <> 'all'"
        )
    }
    people = sorted(f"p{number}" for number in range(PEOPLE))
    assert [person not in entered for person in people] == of_all
    assert are_independent(of_all, is_drawn(crowd, "is_control", "cart"))


def test_a_tenth_of_those_whom_the_gate_of_profit_stops_enter(crowd: Programmes) -> None:
    crowd.seed(
        "costs", [{"cost": "margin_share", "amount": 0.4}, {"cost": "contact_email", "amount": 9}]
    )
    crowd.run()
    entered = crowd.ask(
        f"select count(*) from sync.enrolments where as_of_date = '{START}' and programme = 'cart'"
    )
    assert agrees([number < entered[0][0] for number in range(PEOPLE)], 0.1)
    told = crowd.ask("select distinct gate from marts.programme_decisions where decision = 'out'")
    assert sorted(told) == [("expected_profit",), ("priority",)]
