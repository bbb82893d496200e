"""What the gate asks of time, caps and turns, for any history and any clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.company import SettingsDocument, read_company
from chalicelib.delivery import outbox
from chalicelib.delivery.holding import held_up
from chalicelib.delivery.messages import Hold, Skip
from chalicelib.delivery.outbox import FIRST_LOOK, MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.leads.lead import Lead
from chalicelib.nurture.gate import Leaving
from chalicelib.nurture.spacing import SendLimits, limits_of, next_allowed
from chalicelib.nurture.timing import MAKES_WAY_FOR, InItsTime
from chalicelib.nurture.windows import is_open, working_hours_of
from chalicelib.scoring.touches import BrowserZone, Touches
from tests import factories as make
from tests.baton import AT_ANY_TIME
from tests.fakes import NOW

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FREE = {**AT_ANY_TIME, "hours_apart": 48}


@dataclass
class Mailbox:
    """A mailbox of one lead, and what marketing has for it."""

    company: SettingsDocument
    priorities: Mapping[str, int] = field(default_factory=dict)
    lead: Lead = field(default_factory=make.lead)
    now: datetime = NOW
    messages: dict[str, OutboxMessage] = field(default_factory=dict)
    sent: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rule = InItsTime(
            company=lambda: self.company,
            limits=lambda _: limits_of(self.company),
            sends=lambda _: [at for at, _ in self.sent],
            waiting=lambda _: self.messages.values(),
            refusal=lambda _: None,
            priority=lambda message: self.priorities.get(message.key.parts[0], 0),
        )

    def plan(self, sequence: str, **other: Any) -> None:
        key = f"nurture#1#{sequence}#1"
        self.messages[sequence] = replace(make.nurture_message(key, now=self.now), **other)

    def ask(self, sequence: str) -> Skip | Hold | None:
        """Ask for a message, and do what is said."""
        message = self.messages[sequence]
        ends_at = message.created_at + 7 * DAY
        leaving = Leaving(message=message, lead=self.lead, now=self.now, ends_at=ends_at)
        found = self.rule(leaving)
        if isinstance(found, Hold):
            self.messages[sequence] = held_up(message, found, self.now)
        else:
            self.messages[sequence] = outbox.settled(
                outbox.claimed(message, self.now), MessageState.SENT
            )
            self.sent.append((self.now, sequence))
        return found

    def due(self) -> list[str]:
        return [
            name
            for name, one in self.messages.items()
            if one.state is MessageState.PLANNED and one.due_at and one.due_at <= self.now
        ]


def free(**priorities: int) -> Mailbox:
    """Return a mailbox that gets one email in two days, at any hour."""
    mailbox = Mailbox(read_company({"sending": FREE}), priorities)
    for sequence in priorities:
        mailbox.plan(sequence)
    return mailbox


@pytest.mark.parametrize("first", ["low", "high"])
def test_the_higher_priority_goes_first_whoever_asks_first(first: str) -> None:
    mailbox = free(low=1, high=5)
    order = [first, *({"low", "high"} - {first})]
    for sequence in order:
        mailbox.ask(sequence)
    assert [name for _, name in mailbox.sent] == ["high"]
    waiting = mailbox.messages["low"]
    assert waiting.reason is NotSentReason.CAPPED


def test_of_one_priority_the_longest_waiting_goes_first() -> None:
    mailbox = free(b=1)
    mailbox.now += HOUR
    mailbox.priorities = {"a": 1, "b": 1}
    mailbox.plan("a")
    assert mailbox.ask("a") == Hold(
        NotSentReason.CAPPED, mailbox.now + FIRST_LOOK, mailbox.now + 7 * DAY
    )
    assert mailbox.ask("b") is None


def test_nobody_makes_way_for_a_paused_email() -> None:
    mailbox = free(low=1, high=5)
    mailbox.messages["high"] = replace(
        mailbox.messages["high"], reason=NotSentReason.PAUSED, due_at=NOW + HOUR
    )
    assert mailbox.ask("low") is None


def test_nobody_makes_way_for_a_stuck_email() -> None:
    mailbox = free(low=1)
    mailbox.priorities = {"low": 1, "high": 5}
    stuck = NOW - MAKES_WAY_FOR - MINUTE
    mailbox.plan("high", due_at=stuck, created_at=stuck, claims=1)
    assert mailbox.ask("low") is None


def test_without_caps_nobody_makes_way() -> None:
    mailbox = Mailbox(read_company({"sending": AT_ANY_TIME}), {"low": 1, "high": 5})
    mailbox.plan("low")
    mailbox.plan("high")
    assert mailbox.ask("low") is None


def test_capped_says_the_next_open_moment_after_the_caps() -> None:
    mailbox = Mailbox(read_company(None))
    mailbox.now = NOW - 2 * DAY  # a Friday
    mailbox.sent.append((mailbox.now - HOUR, "before"))
    mailbox.plan("a")
    found = mailbox.ask("a")
    assert isinstance(found, Hold)
    assert (found.reason, found.until) == (
        NotSentReason.CAPPED,
        NOW.replace(hour=8, minute=30) + DAY,  # of Monday, in UTC
    )


HOURS = [["08:30", "17:30"], ["00:00", "24:00"], ["22:00", "24:00"], ["01:00", "03:30"]]
SETTINGS = st.fixed_dictionaries(
    {
        "hours": st.sampled_from(HOURS),
        "days": st.sampled_from([["mon", "tue", "wed", "thu", "fri"], ["sun"], ["tue", "sat"]]),
        "per_7_days": st.integers(0, 3),
        "per_30_days": st.integers(0, 6),
        "hours_apart": st.sampled_from([0, 1, 48, 100]),
    }
)
ZONES = st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kolkata"])
PLANNED = st.lists(st.tuples(st.integers(0, 40 * 24), st.integers(0, 3)), max_size=6)


@given(SETTINGS, ZONES | st.none(), st.integers(0, 400 * 24), PLANNED, st.randoms())
def test_whatever_leaves_is_in_a_window_spaced_and_capped(
    sending: Mapping[str, Any],
    zone: str | None,
    ahead: int,
    planned: list[tuple[int, int]],
    order: Any,
) -> None:
    company = read_company({"country": "DE", "sending": sending})
    browser = BrowserZone(make.profile()["email"][0].rank, NOW.date(), zone) if zone else None
    mailbox = Mailbox(company, lead=make.lead(touches=Touches(zone=browser)))
    hours = working_hours_of(mailbox.lead, company)
    limits = limits_of(company)
    plans = sorted((NOW + (ahead + at) * HOUR, number) for number, (at, _) in enumerate(planned))
    mailbox.priorities = {f"s{number}": priority for number, (_, priority) in enumerate(planned)}
    while plans or any(one.state is MessageState.PLANNED for one in mailbox.messages.values()):
        moments = [one.due_at for one in mailbox.messages.values() if one.due_at]
        mailbox.now = min([*moments, *(at for at, _ in plans[:1])])
        while plans and plans[0][0] <= mailbox.now:
            mailbox.plan(f"s{plans.pop(0)[1]}", due_at=mailbox.now)
        due = mailbox.due()
        order.shuffle(due)
        for name in due:
            _ask(mailbox, name, limits)
    for at, _ in mailbox.sent:
        assert is_open(at, hours)
    assert {one.state for one in mailbox.messages.values()} <= {
        MessageState.SENT,
        MessageState.LOST,
    }


def _ask(mailbox: Mailbox, name: str, limits: SendLimits) -> None:
    before = [at for at, _ in mailbox.sent]
    priority = mailbox.priorities
    due = mailbox.due()
    if mailbox.ask(name) is None:
        assert next_allowed(before, mailbox.now, limits) == mailbox.now
        assert not limits.are_set or priority[name] == max(priority[one] for one in due)
