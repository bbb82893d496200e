"""Budgets of a salesperson: what is over them is listed in one digest (playbook)."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.delivery import outbox
from chalicelib.delivery.budgets import PER_HOUR, has_room
from chalicelib.delivery.outbox import OutboxMessage, Via
from chalicelib.errors import ConflictError, OverBudgetError
from chalicelib.limits import PERSON_EMAILS_PER_HOUR, PERSON_TEXTS_PER_DAY, PERSON_TEXTS_PER_HOUR
from chalicelib.store.budgets import Budgets
from chalicelib.store.outbox import Outbox
from tests import factories as make
from tests.baton import ANN, InMemoryBaton
from tests.fakes import NOW, MemoryTable
from tests.sizes import SIZES

HOUR = timedelta(hours=1)


def claimed(via: Via = Via.SMS, at: datetime = NOW, **parts: Any) -> OutboxMessage:
    return outbox.claimed(make.handoff_message(via, **{"receiver": "sam", **parts}), at)


# --- counting -------------------------------------------------------------------------------------


def test_texts_have_a_budget_by_hour_and_day() -> None:
    full = {Via.SMS: PERSON_TEXTS_PER_HOUR}
    assert has_room(Via.SMS, [])
    assert has_room(Via.SMS, [{Via.SMS: PERSON_TEXTS_PER_HOUR - 1}])
    assert not has_room(Via.SMS, [full])
    assert has_room(Via.SMS, [full, full, full, {Via.SMS: PERSON_TEXTS_PER_DAY - 19}])
    assert not has_room(Via.SMS, [full, full, full, {Via.SMS: 2}])
    assert has_room(Via.EMAIL, [full])


@pytest.mark.parametrize("via", list(PER_HOUR))
def test_the_counter_lets_no_more_through_than_the_budget(via: Via) -> None:
    table = MemoryTable()
    for _ in range(PER_HOUR[via]):
        table.write(*Budgets(table).writes(claimed(via)))
    with pytest.raises(OverBudgetError):
        Budgets(table).writes(claimed(via))
    assert Budgets(table).writes(claimed(via, receiver="kim"))
    assert Budgets(table).writes(claimed(via, NOW + HOUR))


def test_the_texts_of_a_day_are_counted_over_its_hours() -> None:
    table = MemoryTable()
    left = 0
    for hour in range(24):
        for _ in range(PERSON_TEXTS_PER_HOUR):
            try:
                table.write(*Budgets(table).writes(claimed(at=NOW + hour * HOUR)))
                left += 1
            except OverBudgetError:
                break
    assert left == PERSON_TEXTS_PER_DAY
    table.write(*Budgets(table).writes(claimed(at=NOW + 24 * HOUR)))


def test_one_of_two_claims_at_the_same_count_fails() -> None:
    table = MemoryTable()
    first, second = Budgets(table).writes(claimed()), Budgets(table).writes(claimed())
    table.write(*first)
    with pytest.raises(ConflictError):
        table.write(*second)


def test_a_claim_that_lost_to_the_counter_may_try_again() -> None:
    table = MemoryTable()
    store = Outbox(table, make.mailbox)
    one = make.handoff_message(Via.SMS, receiver="sam")
    store.plan(one)
    raced = RacedTable(table, Budgets(table).writes(claimed()))
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
        claimed(Via.SNS, receiver=None),
        claimed(Via.EMAIL, receiver=None),
        claimed(
            Via.EMAIL, lead_id="person.sam", key="digest#1#email#2026-11-22-1105", receiver="sam"
        ),
    ],
)
def test_the_topic_and_a_digest_have_no_budget(message: OutboxMessage) -> None:
    assert Budgets(MemoryTable()).writes(message) == []


# --- a flood --------------------------------------------------------------------------------------

FLOOD = SIZES.flooded_requests
PEOPLE = [
    {"id": one, "name": one.title(), "email": f"{one}@keybook.example"}
    for one in ("sam", "kim", "lou")
]


def flooded(number: int, people: list[dict[str, Any]] = PEOPLE) -> InMemoryBaton:
    """Return a Baton in which so many people asked for a demo within ten minutes."""
    baton = InMemoryBaton()
    baton.world.documents.put("routing", {"people": people})
    for one in range(number):
        address = f"p{one}@company{one}.example"
        baton.form("demo", f"v{one}", **{**ANN, "email": address, "first_name": f"P{one}"})
        if one % max(1, number // 10) == 0:
            baton.ports.clock.tick(timedelta(minutes=1))
    baton.until_quiet()
    return baton


def all_of(baton: InMemoryBaton) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = baton.get(f"/v1/outbox?limit=200{cursor}")
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_a_flood_of_requests_is_messages_and_a_digest() -> None:
    baton = flooded(FLOOD)
    emails = [one for one in all_of(baton) if (one["kind"], one["via"]) == ("handoff", "email")]
    assert len(emails) == FLOOD
    left = Counter(one["to"] for one in emails if one["state"] == "sent")
    assert left
    assert max(left.values()) <= PERSON_EMAILS_PER_HOUR
    listed = [one for one in emails if one["state"] == "suppressed"]
    assert {one["reason"] for one in listed} == {"over_budget"}
    assert len(listed) + sum(left.values()) == FLOOD
    baton.minutes_later(66)
    digests = [one for one in baton.ports.senders.sent if "waiting" in getattr(one, "subject", "")]
    text = "\n".join(one.text for one in digests)  # type: ignore[union-attr]
    missing = [one["lead_id"] for one in listed if _address(baton, one["lead_id"]) not in text]
    beyond = sum(int(words.split()[1]) for words in text.split("\n") if words.startswith("And "))
    assert len(missing) == beyond
    assert len(digests) == len(left)


def _address(baton: InMemoryBaton, lead_id: str) -> str:
    return str(baton.get(f"/v1/leads/{lead_id}")["email"])
