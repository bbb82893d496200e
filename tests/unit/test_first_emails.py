"""A form must not become a mail bomb: an hour's first emails to unknown addresses are limited."""

import json
from collections import Counter
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import pytest

from chalicelib.consent.consent import CONSENT_ONLY, Consent, given
from chalicelib.delivery import outbox
from chalicelib.delivery.holding import over_budget
from chalicelib.delivery.messages import SendResult
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import ConflictError, OverBudgetError
from chalicelib.limits import FIRST_EMAIL_SHARDS, WAIT_MAX_HOURS
from chalicelib.store.consents import put_consent
from chalicelib.store.outbox import Outbox, put_message
from chalicelib.store.table import Write
from tests import factories as make
from tests.baton import ANN, InMemoryBaton, qualify_only
from tests.fakes import NOW, FakePorts, MemoryTable
from tests.sizes import SIZES, seeds

HOUR = timedelta(hours=1)
FLOOD = 10
BUDGET = 3


def flooded(addresses: list[str], budget: int = BUDGET) -> InMemoryBaton:
    """Return a Baton whose form was posted for each of these addresses, with the box ticked."""
    baton = InMemoryBaton(FakePorts(first_emails_per_hour=budget))
    for address in addresses:
        baton.form("guide", None, consent=True, **{**ANN, "email": address})
    baton.until_quiet()
    return baton


def emails(baton: InMemoryBaton) -> Counter[Any]:
    found = [one for one in baton.outbox() if one["kind"] == "nurture"]
    return Counter((one["state"], one["reason"]) for one in found)


@pytest.mark.parametrize(
    "addresses",
    [
        [f"person{n}@victim{n}.example" for n in range(FLOOD)],
        [f"person{n}@victim.example" for n in range(FLOOD)],  # one domain
        [f"ann+{n}@victim.example" for n in range(FLOOD)],  # one mailbox
    ],
    ids=["strangers", "one domain", "one mailbox"],
)
def test_a_flooded_form_sends_no_more_than_the_budget(
    addresses: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    baton = flooded(addresses)
    waits = FLOOD - BUDGET
    assert emails(baton) == {("sent", None): BUDGET, ("planned", "over_budget"): waits}
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    assert sum(line.get("reason") == "over_budget" for line in lines) == waits


def test_one_mailbox_gets_few_first_emails_a_day_however_spelt() -> None:
    """Each spelling is a lead of its own, and the hour has room for all of them."""
    spellings = [f"ann+{n}@gmail.com" for n in range(5)] + ["a.n.n@googlemail.com"]
    baton = flooded([*spellings, "other@victim.example"], budget=100)
    assert emails(baton) == {("sent", None): 4, ("planned", "over_budget"): 3}
    baton.minutes_later(120)
    assert emails(baton) == {("sent", None): 4, ("planned", "over_budget"): 3}
    for _ in range(14):
        baton.minutes_later(120)
    assert emails(baton) == {("sent", None): 7}


def test_what_is_over_the_budget_leaves_in_the_next_hours() -> None:
    baton = flooded([f"person{n}@victim.example" for n in range(FLOOD)])
    left = [emails(baton)["sent", None]]
    baton.minutes_later(35)  # what waits comes due in the first half of an hour
    for _ in range(FLOOD // BUDGET):
        for _ in range(12):
            baton.minutes_later(5)
        left.append(emails(baton)["sent", None])
    assert left == [3, 6, 9, 10]
    items = [one for key, one in baton.ports.memory.items.items() if "OUTBOX#nurture" in key[1]]
    assert {one["claims"] for one in items} == {1}  # no wait was a try
    assert len(baton.ports.senders.sent) == FLOOD


def test_handoffs_and_later_emails_need_no_budget() -> None:
    baton = flooded(["first@victim.example", ANN["email"]], budget=1)
    assert emails(baton) == {("sent", None): 1, ("planned", "over_budget"): 1}
    baton.form("demo", None, **ANN)
    baton.until_quiet()
    handoffs = [one for one in baton.outbox() if one["kind"] == "handoff"]
    assert {one["state"] for one in handoffs} == {"sent"}


def test_a_wait_for_the_budget_never_loses_an_email() -> None:
    message = make.nurture_message()
    now = NOW
    for _ in range(2 * WAIT_MAX_HOURS):
        message = over_budget(message, now)
        assert message.due_at is not None
        assert now < message.due_at <= now + 2 * HOUR
        now = message.due_at
    assert message.claims == 0
    assert now - message.waits_since <= 2 * HOUR


def test_who_unsubscribed_while_waiting_costs_no_budget() -> None:
    baton = flooded(["first@victim.example", ANN["email"]], budget=1)
    token = baton.world.links.sign("unsubscribe", baton.world.lead_id(ANN["email"]))
    baton.http("POST", f"/u/{token}")
    baton.minutes_later(120)
    assert emails(baton) == {("sent", None): 1, ("suppressed", "unsubscribed"): 1}
    assert spent(baton.ports.memory) == 1


# --- counted once, whatever happens ---------------------------------------------------------------


def spent(table: MemoryTable) -> int:
    counters = [one for key, one in table.items.items() if key[0].startswith("FIRST_EMAILS#")]
    return sum(int(one["spent"]) for one in counters)


def planned_emails(table: MemoryTable, number: int) -> list[OutboxMessage]:
    """Write the first email to each of so many leads who agreed to emails."""
    messages = [
        make.nurture_message(lead_id=f"{n:026d}", to=f"person{n}@acme.example")
        for n in range(number)
    ]
    for message in messages:
        table.write(put_message(message))
        agreed = given(Consent(), make.proof("yes"))
        table.write(put_consent(message.lead_id, Consent(), agreed))
    return messages


class Raced(MemoryTable):
    """A table to which another claim comes in before each write, as long as some are left."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[Any] = []

    def write(self, *writes: Write) -> None:
        if self.others:
            self.others.pop()()
        super().write(*writes)


def claim(store: Outbox, message: OutboxMessage) -> str:
    """Claim until it is decided, as Deliver does; what came of it."""
    for _ in count():
        try:
            store.claim(message, outbox.claimed(message, NOW), rests_on=CONSENT_ONLY)
        except OverBudgetError:
            return "over"
        except ConflictError as conflict:
            if conflict.failed:
                return "lost"
        else:
            return "claimed"
    raise AssertionError


@pytest.mark.parametrize("seed", seeds(SIZES.runs))
def test_parallel_claims_spend_exactly_the_budget(seed: int) -> None:
    random = Random(seed)
    table = Raced()
    number, budget = random.randint(2, 30), random.randint(1, 20)
    messages = planned_emails(table, number)
    workers = [Outbox(table, make.mailbox, budget) for _ in range(3)]
    came: list[str] = []
    doubled = [*messages, *random.sample(messages, number // 2)]  # some are taken twice
    random.shuffle(doubled)

    def another() -> None:
        if doubled:
            came.append(claim(random.choice(workers), doubled.pop()))

    while doubled:
        table.others = [another] * random.randint(0, 3)
        came.append(claim(random.choice(workers), doubled.pop()))
    claims = sum(
        int(one["claims"]) for key, one in table.items.items() if key[1].startswith("OUTBOX#")
    )
    assert came.count("claimed") == claims == spent(table) == min(number, budget)


def test_a_claim_that_loses_to_another_worker_is_not_counted() -> None:
    table = MemoryTable()
    (message,) = planned_emails(table, 1)
    assert [claim(Outbox(table, make.mailbox, 9), message) for _ in range(2)] == ["claimed", "lost"]
    assert spent(table) == 1


def test_a_crash_while_sending_counts_the_email_once() -> None:
    baton = InMemoryBaton(FakePorts(first_emails_per_hour=1))

    def crash(_: object) -> SendResult:
        raise MemoryError

    baton.ports.send = crash
    baton.form("guide", None, consent=True, **ANN)
    qualify_only(baton)
    inserted = baton.ports.memory.inserted
    (email,) = [one for one in inserted if str(one["sk"]).startswith("OUTBOX#nurture")]
    assert not baton.handle(email)  # it comes again
    baton.ports.send = baton.ports.senders.send
    assert baton.handle(email)
    for _ in range(10):
        baton.minutes_later(20)
    assert emails(baton) == {("lost", "no_evidence"): 1}
    assert spent(baton.ports.memory) == 1


@pytest.mark.parametrize("budget", [1, 3, FIRST_EMAIL_SHARDS, 21])
def test_the_parts_of_the_counters_are_the_budget(budget: int) -> None:
    table = MemoryTable()
    store = Outbox(table, make.mailbox, budget)
    came = [claim(store, one) for one in planned_emails(table, budget + 5)]
    assert Counter(came) == {"claimed": budget, "over": 5}


def test_a_new_hour_begins_with_the_whole_budget() -> None:
    table = MemoryTable()
    store = Outbox(table, make.mailbox, 1)
    first, second = planned_emails(table, 2)
    assert [claim(store, first), claim(store, second)] == ["claimed", "over"]
    store.claim(second, outbox.claimed(second, NOW + HOUR), rests_on=CONSENT_ONLY)
    assert spent(table) == 2


def test_a_second_email_to_a_lead_is_no_first_one() -> None:
    table = MemoryTable()
    store = Outbox(table, make.mailbox, 1)
    (first,) = planned_emails(table, 1)
    second = make.nurture_message(lead_id=first.lead_id, key="nurture#1#welcome#2")
    table.write(put_message(second))
    assert [claim(store, first), claim(store, second)] == ["claimed", "claimed"]
    assert spent(table) == 1


def test_a_counter_is_forgotten_after_two_days() -> None:
    table = MemoryTable()
    (message,) = planned_emails(table, 1)
    claim(Outbox(table, make.mailbox, 1), message)
    counters = {pk: one for (pk, sk), one in table.items.items() if sk == "FIRST_EMAILS"}
    mailbox = f"MAILBOX#{make.mailbox(message.to or '').id}"
    assert counters.keys() == {"FIRST_EMAILS#2026-11-22T10#0", mailbox}
    forgotten = int((NOW + timedelta(days=2)).timestamp())
    assert {int(one["expires_at_epoch_s"]) for one in counters.values()} == {forgotten}
