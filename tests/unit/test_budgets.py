"""Budgets of a salesperson: what is over them is listed in one digest (playbook)."""

import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.company.sending import DAY_NAMES
from chalicelib.delivery import outbox, outcomes
from chalicelib.delivery.budgets import PER_HOUR, has_room
from chalicelib.delivery.messages import Email
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.errors import ConflictError, OverBudgetError
from chalicelib.handoff.handoff import HandoffState
from chalicelib.limits import PERSON_TEXTS_PER_DAY, PERSON_TEXTS_PER_HOUR
from chalicelib.scoring.profile import values
from chalicelib.store.budgets import Budgets
from chalicelib.store.outbox import Outbox
from chalicelib.store.outbox_items import message_of
from infra.defaults import confirm_phones
from tests import factories as make
from tests.baton import ANN, InMemoryBaton
from tests.fakes import NOW, MemoryTable
from tests.sizes import SIZES

HOUR = timedelta(hours=1)


def claim(
    via: Via = Via.SMS, at: datetime = NOW, **parts: Any
) -> tuple[OutboxMessage, OutboxMessage]:
    """Return a message before and after its claim."""
    before = make.handoff_message(via, **{"receiver": "sam", **parts})
    return before, outbox.claimed(before, at)


# --- counting -------------------------------------------------------------------------------------


def test_texts_have_a_budget_by_hour_and_day() -> None:
    assert has_room(Via.SMS, this_hour=PERSON_TEXTS_PER_HOUR - 1, day=PERSON_TEXTS_PER_DAY - 1)
    assert not has_room(Via.SMS, this_hour=PERSON_TEXTS_PER_HOUR, day=0)
    assert not has_room(Via.SMS, this_hour=0, day=PERSON_TEXTS_PER_DAY)
    assert has_room(Via.EMAIL, this_hour=PERSON_TEXTS_PER_HOUR, day=PERSON_TEXTS_PER_DAY)


def test_a_text_that_waits_for_days_uses_up_no_day() -> None:
    """The service was blocked for a day, and each hour's try counted as a text."""
    table = MemoryTable()
    before, after = claim()
    for hour in range(48):
        now = NOW + hour * HOUR
        table.write(*Budgets(table).writes(before, after))
        before = outcomes.waiting(after, NotSentReason.OUTAGE, now)
        after = outbox.claimed(before, now + HOUR)
    assert Budgets(table).writes(*claim(at=NOW + 48 * HOUR))


@pytest.mark.parametrize("via", list(PER_HOUR))
def test_the_counter_lets_no_more_through_than_the_budget(via: Via) -> None:
    table = MemoryTable()
    for _ in range(PER_HOUR[via]):
        table.write(*Budgets(table).writes(*claim(via)))
    with pytest.raises(OverBudgetError):
        Budgets(table).writes(*claim(via))
    assert Budgets(table).writes(*claim(via, receiver="kim"))
    assert Budgets(table).writes(*claim(via, NOW + HOUR))


def test_the_texts_of_a_day_are_counted_over_its_hours() -> None:
    table = MemoryTable()
    left = 0
    for hour in range(24):
        for _ in range(PERSON_TEXTS_PER_HOUR):
            try:
                table.write(*Budgets(table).writes(*claim(at=NOW + hour * HOUR)))
                left += 1
            except OverBudgetError:
                break
    assert left == PERSON_TEXTS_PER_DAY
    table.write(*Budgets(table).writes(*claim(at=NOW + 24 * HOUR)))


def test_a_message_that_waits_counts_once_an_hour() -> None:
    before, first = claim()
    waits = outcomes.waiting(first, NotSentReason.THROTTLED, NOW)
    again = outbox.claimed(waits, NOW + timedelta(minutes=59))
    later = outbox.claimed(waits, NOW + HOUR)
    budgets = Budgets(MemoryTable())
    numbers = [
        len(budgets.writes(one, other))
        for one, other in ((before, first), (waits, again), (waits, later))
    ]
    assert numbers == [1, 0, 1]


def test_one_of_two_claims_at_the_same_count_fails() -> None:
    table = MemoryTable()
    first, second = Budgets(table).writes(*claim()), Budgets(table).writes(*claim())
    table.write(*first)
    with pytest.raises(ConflictError):
        table.write(*second)


def test_a_claim_that_lost_to_the_counter_may_try_again() -> None:
    table = MemoryTable()
    store = Outbox(table, make.mailbox)
    one = make.handoff_message(Via.SMS, receiver="sam")
    store.plan(one)
    raced = RacedTable(table, Budgets(table).writes(*claim()))
    with pytest.raises(ConflictError) as conflict:
        Outbox(raced, make.mailbox).claim(one, outbox.claimed(one, NOW), rests_on=frozenset())
    assert not conflict.value.failed


class RacedTable:
    """A table that another writer is always quicker to."""

    def __init__(self, table: MemoryTable, writes: Any) -> None:
        self._table = table
        self._writes = writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def write(self, *writes: Any) -> None:
        self._table.write(*self._writes)
        self._table.write(*writes)


@pytest.mark.parametrize(
    "message",
    [
        claim(Via.SNS, receiver=None),
        claim(Via.EMAIL, receiver=None),
        claim(
            Via.EMAIL, lead_id="person.sam", key="digest#1#email#2026-11-22-1105", receiver="sam"
        ),
    ],
)
def test_the_topic_and_a_digest_have_no_budget(
    message: tuple[OutboxMessage, OutboxMessage],
) -> None:
    assert Budgets(MemoryTable()).writes(*message) == []


# --- a flood --------------------------------------------------------------------------------------

FLOOD = SIZES.flooded_requests
IN_TEN_MINUTES = timedelta(minutes=10) / FLOOD
PEOPLE = [
    {
        "id": one,
        "name": one.title(),
        "email": f"{one}@keybook.example",
        "phone": f"+493090182{number}",
        "notify": ["email", "slack", "sms"],
        "slack": f"https://hooks.slack.com/services/{one}",
        "hours": {day: ["00:00", "24:00"] for day in DAY_NAMES},
        "capacity": 1_000,
    }
    for number, one in enumerate(("sam", "kim", "lou"))
]


def flooded() -> InMemoryBaton:
    """Return a Baton of three salespeople in which many people asked for a demo within ten
    minutes.
    """
    baton = InMemoryBaton()
    baton.world.documents.put("routing", {"people": PEOPLE})
    confirm_phones(baton.world)
    for one in range(FLOOD):
        address = f"p{one}@company{one}.example"
        baton.form("demo", f"v{one}", **{**ANN, "email": address, "company": f"Company {one}"})
        baton.ports.clock.tick(IN_TEN_MINUTES)
    baton.until_quiet()
    return baton


def notices(baton: InMemoryBaton) -> list[OutboxMessage]:
    """Return every notice of a handoff to a salesperson."""
    items = baton.ports.memory.items.values()
    kept = [message_of(one) for one in items if str(one["sk"]).startswith("OUTBOX#handoff#")]
    return [one for one in kept if one.receiver is not None]


def test_in_a_flood_nobody_gets_more_than_the_budget() -> None:
    """2,000 requests in ten minutes: each is a message or stands in a list, and none is silent."""
    baton = flooded()
    every = notices(baton)
    assert len(every) == 3 * FLOOD
    left = Counter((one.receiver, one.via) for one in every if one.state is MessageState.SENT)
    receivers = {one.receiver for one in every}
    assert left == {(who, via): most for who in receivers for via, most in PER_HOUR.items()}
    listed = {one.lead_id for one in every if one.reason is NotSentReason.OVER_BUDGET}
    sent = {one.lead_id for one in every if one.state is MessageState.SENT}
    assert len(listed | sent) == FLOOD
    assert {one.state for one in every} == {MessageState.SENT, MessageState.SUPPRESSED}

    baton.minutes_later(66)
    digests = [
        one
        for one in baton.ports.senders.sent
        if isinstance(one, Email) and "are waiting for you" in one.subject
    ]
    told = sorted(one.to for one in digests)
    assert told == sorted(f"{who}@keybook.example" for who in receivers)
    text = "\n".join(one.text for one in digests)
    named = {lead_id for lead_id in listed if _address(baton, lead_id) in text}
    beyond = sum(int(more) for more in re.findall(r"And (\d+) more", text))
    assert len(named) + beyond == len(listed)
    open_ones = baton.world.handoffs.in_state(HandoffState.OPEN, "", FLOOD)
    assert {handoff.lead_id for _, handoff in open_ones} >= listed - named


def _address(baton: InMemoryBaton, lead_id: str) -> str:
    profile = baton.world.leads.read(lead_id).profile
    return f"\n  {values(profile)['email']}\n"
