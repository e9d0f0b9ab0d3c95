"""People, three programmes and what happens to them day by day, as Hypothesis makes it up.

What must hold is worked out here from what happened and what was written down, not by the models.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.integration.programmes import Programmes, events
from tests.integration.two_programmes import OFFERS, PROGRAMME, START, STEP

PEOPLE = [f"p{number}" for number in range(7)]
PRIORITIES = {"cart": 1, "survey": 2, "dormant": 3}
COOL_DOWN = {"cart": 0, "survey": 7, "dormant": 7}
REENTRY = {"cart": 6, "survey": 20, "dormant": 60}
STEPS: list[dict[str, Any]] = [
    {"programme": "cart", "step": 1, "after_days": 0, "resend_after_days": 2},
    {"programme": "cart", "step": 2, "after_days": 3, "ends_after_days": 3},
    {"programme": "survey", "step": 1, "after_days": 1, "ends_after_days": 5},
    {"programme": "dormant", "step": 1, "after_days": 0, "arm": "a", "resend_after_days": 3},
    {"programme": "dormant", "step": 1, "after_days": 0, "basis": "dormant", "arm": "b"},
    {"programme": "dormant", "step": 2, "after_days": 5, "ends_after_days": 4},
]
# More of them lead onto ladders than off them, so that some come to their end.
KINDS = (
    *("fits",) * 5,
    *("opts in",) * 2,
    *("stops fitting", "buys", "news", "opts out", "grumbles"),
)
SUDDEN = ("fits", "buys", "news", "opts out", "grumbles")
Happening = tuple[str, str, str]


@dataclass(frozen=True)
class Day:
    """What happens on a day, how often it is run, and what comes in between two runs of it."""

    happenings: list[Happening]
    runs: int
    between: list[Happening]


@dataclass(frozen=True)
class Story:
    """The lots' shares, which mails are never sent, and the days."""

    control_share: float
    global_share: float
    arm_share: float
    unsent: set[str]
    days: list[Day]


def _happenings(kinds: tuple[str, ...], most: int) -> st.SearchStrategy[list[Happening]]:
    one = st.tuples(
        st.sampled_from(kinds), st.sampled_from(PEOPLE), st.sampled_from(sorted(PRIORITIES))
    )
    return st.lists(one, max_size=most)


def stories(shortest: int, longest: int, *, all_is_sent: bool = False) -> st.SearchStrategy[Story]:
    days = st.builds(
        Day,
        happenings=_happenings(KINDS, 4),
        runs=st.sampled_from([1, 1, 1, 2, 0]),
        between=_happenings(SUDDEN, 2),
    )
    return st.builds(
        Story,
        control_share=st.sampled_from([0.3, 0.6]),
        global_share=st.sampled_from([0, 0.2]),
        arm_share=st.sampled_from([0.5, 1]),
        unsent=st.just(set()) if all_is_sent else st.sets(st.sampled_from(PEOPLE), max_size=2),
        days=st.lists(days, min_size=shortest, max_size=longest),
    )


@dataclass
class Life:
    """What has happened until now, told to the warehouse before each run."""

    day: Programmes
    story: Story
    fits: set[tuple[str, str]] = field(default_factory=set)
    opted_out: set[str] = field(default_factory=set)
    unhappy: set[str] = field(default_factory=set)
    bought: list[tuple[str, date]] = field(default_factory=list)
    news: list[tuple[str, date]] = field(default_factory=list)

    def begin(self) -> None:
        day = self.day
        day.seed(
            "programmes",
            [
                {
                    **PROGRAMME,
                    "programme": name,
                    "priority": place,
                    "archives": name == "dormant",
                    "is_winback": name == "dormant",
                    "cool_down_days": COOL_DOWN[name],
                    "reentry_days": REENTRY[name],
                }
                for name, place in PRIORITIES.items()
            ],
        )
        day.seed("programme_steps", [{**STEP, **step} for step in STEPS])
        day.seed("offers", OFFERS)
        share = self.story.arm_share
        day.seed(
            "programme_arms",
            [
                {"programme": name, "arm": arm, "share": part}
                for name in PRIORITIES
                for arm, part in (("a", share), ("b", 1 - share))
                if part
            ],
        )
        shares = {**dict.fromkeys(PRIORITIES, self.story.control_share)}
        day.seed(
            "programme_periods",
            [
                {"programme": name, "valid_from": "1970-01-01", "salt": name, "control_share": part}
                for name, part in {"all": self.story.global_share, **shares}.items()
            ],
        )
        day.seed(
            "programme_messages",
            [
                {
                    "programme": step["programme"],
                    "step": step["step"],
                    "arm": step.get("arm"),
                    "message": message,
                    "campaign_id": f"{step['programme']} {step['step']} {message}",
                    "assume_sent": False,
                }
                for step in STEPS
                for message in ("first", "resend")
            ],
        )
        day.seed(
            "segments",
            [
                {"segment": name, "label": name, "is_exported": True, "is_quiet": name == "quiet"}
                for name in ("quiet", "vip")
            ],
        )
        day.give(
            "marts.segment_members",
            [{"customer_id": one, "segment": name} for one in PEOPLE for name in ("quiet", "vip")],
        )
        day.give(
            "marts.customer_churn",
            [
                {
                    "customer_id": one,
                    "slipping_on": START - timedelta(days=60),
                    # Some become dormant on the way.
                    "dormant_on": START + timedelta(days=4 * place - 10),
                    "long_dormant_on": START + timedelta(days=90),
                }
                for place, one in enumerate(PEOPLE)
            ],
        )
        day.give(
            "intermediate.int_customer_keys",
            [{"customer_id": one, "person_key": one, "group_key": one} for one in PEOPLE],
        )
        day.give(
            "intermediate.int_email_recipients",
            [{"recipient_number": int(one[1:]), "account_key": one} for one in PEOPLE],
        )

    def happen(self, happenings: list[Happening]) -> None:
        for kind, person, programme in happenings:
            match kind:
                case "fits":
                    self.fits.add((person, programme))
                case "stops fitting":
                    self.fits.discard((person, programme))
                case "buys" | "news":
                    told = self.bought if kind == "buys" else self.news
                    told.append((person, self.day.day))
                case "grumbles":
                    # Or is content again.
                    self.unhappy ^= {person}
                case _:
                    self.opted_out -= {person}
                    self.opted_out |= {person} if kind == "opts out" else set()

    def tell(self) -> None:
        """Write down what the earlier layers would make of it."""
        give = self.day.give
        last = {one: START - timedelta(days=200) for one in PEOPLE} | dict(self.bought)
        give(
            "marts.customer_activity",
            [
                {
                    "customer_id": one,
                    "last_purchase_date": last[one],
                    "is_unhappy": one in self.unhappy,
                }
                for one in PEOPLE
            ],
        )
        give(
            "segments.programme_candidates",
            [
                {"customer_id": person, "programme": programme, "reason": "fits"}
                for person, programme in sorted(self.fits)
            ],
        )
        out = {"gate": "consent", "forbidden_reason": "consent: unsubscribed"}
        give(
            "intermediate.int_channel_permissions",
            [
                {
                    "customer_id": one,
                    "may_be_contacted": one not in self.opted_out,
                    **(out if one in self.opted_out else {}),
                }
                for one in PEOPLE
            ],
        )
        give(
            "intermediate.int_contact_permissions",
            [{"customer_id": one, "may_be_mailed": one not in self.opted_out} for one in PEOPLE],
        )
        give(
            "intermediate.int_purchases",
            [
                {"customer_id": one, "purchase_date": on, "revenue": 5}
                for one, on in sorted(set(self.bought))
            ],
        )
        give(
            "intermediate.int_orders_open_by_customer",
            [
                {"customer_id": one, "last_open_order_date": last[one], "has_pending_order": False}
                for one in PEOPLE
                if self.has_open_order(one)
            ],
        )
        give(
            "intermediate.int_email_mails",
            [
                {"recipient_number": int(one[1:]), "mail_key": f"news of {on}", "sent_date": on}
                for one, on in sorted(set(self.news))
            ],
        )
        give("intermediate.int_email_events_unioned", list(self._mails()))

    def _mails(self) -> Iterator[dict[str, Any]]:
        listed = self.day.ask(
            "select customer_id, programme, step, message, as_of_date from sync.programme_steps "
            f"where is_listed and as_of_date < '{self.day.day}' order by all"
        )
        for person, programme, step, message, taken_on in listed:
            if person not in self.story.unsent:
                mail = f"{programme} {step} {message}"
                yield from events(person, mail, {"sent": taken_on + timedelta(days=1)})

    def has_open_order(self, person: str) -> bool:
        return any(one == person and (self.day.day - on).days < 14 for one, on in self.bought)

    def contacts(self, person: str) -> list[tuple[str | None, date]]:
        """Return by which programme, or none, and when somebody was or was to be mailed."""
        steps = self.day.ask(
            "select programme, as_of_date from sync.programme_steps "
            f"where customer_id = '{person}' and as_of_date < '{self.day.day}'"
        )
        mailed = [(programme, taken_on + timedelta(days=1)) for programme, taken_on in steps]
        return [*mailed, *((None, on) for one, on in set(self.news) if one == person)]
