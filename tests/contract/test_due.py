"""What the clock must do next, on every engine: what is due by now, and nothing that is not."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.capture import identity
from chalicelib.clock.tasks import Due
from chalicelib.delivery import outbox
from chalicelib.delivery.due import MESSAGE_TASK
from chalicelib.delivery.outbox import MessageState
from chalicelib.leads.lead import Lead
from chalicelib.qualify.due import REPLAY_TASK, REVIEW_TASK
from chalicelib.qualify.reactions import LeadChange
from chalicelib.store.leads import Leads
from chalicelib.store.outbox import Outbox, put_message
from chalicelib.store.table import Table
from tests import factories as make
from tests.engines import on_big_engines
from tests.factories import LEAD_ID, MINUTE, all_due
from tests.fakes import NOW, TRANSACTION_MAX_WRITES


def put_lead(table: Table, one: Lead) -> None:
    Leads(table, mailbox_of=make.mailbox, spread_reviews=False).write(
        make.lead(lead_id=one.lead_id), one, LeadChange()
    )


def test_a_review_is_due_at_midnight_of_its_day(table: Table) -> None:
    put_lead(table, make.whole_lead(review_on=make.day(1)))
    midnight = NOW.replace(hour=0) + timedelta(days=1)
    assert all_due(table, midnight - timedelta(milliseconds=1)) == []
    assert all_due(table, midnight) == [Due(REVIEW_TASK, LEAD_ID, "")]


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("Europe/Berlin", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 11, 23, 8, tzinfo=UTC)),
    ],
)
def test_a_review_is_due_at_midnight_in_the_leads_zone(
    table: Table, zone: str, midnight: datetime
) -> None:
    put_lead(table, make.whole_lead(review_on=make.day(1), zone=zone))
    assert all_due(table, midnight - timedelta(milliseconds=1)) == []
    assert all_due(table, midnight) == [Due(REVIEW_TASK, LEAD_ID, "")]


def test_reviews_outside_dev_are_spread_over_the_first_hour(table: Table) -> None:
    spread = Leads(table, mailbox_of=make.mailbox, spread_reviews=True)
    for number in range(40):
        lead_id = identity.lead_id(b"secret", f"{number}@acme.example")
        one = make.whole_lead(lead_id=lead_id, review_on=make.day(1))
        spread.write(make.lead(lead_id=lead_id), one, LeadChange())
    midnight = NOW.replace(hour=0) + timedelta(days=1)
    by_minute = [len(all_due(table, midnight + minutes * MINUTE)) for minutes in (0, 15, 30, 60)]
    assert by_minute == sorted(by_minute)
    assert by_minute[-1] == 40
    assert 0 < by_minute[1] < 40


def test_a_requested_replay_is_due_until_it_is_done(table: Table) -> None:
    put_lead(table, make.whole_lead(review_on=None))
    store = Leads(table, mailbox_of=make.mailbox, spread_reviews=False)
    store.request_replay(store.read(LEAD_ID), NOW + MINUTE)
    assert all_due(table, NOW) == []
    assert all_due(table, NOW + MINUTE) == [Due(REPLAY_TASK, LEAD_ID, "")]
    store.replayed(store.read(LEAD_ID))
    assert all_due(table, NOW + MINUTE) == []


def test_a_replay_that_was_asked_for_meanwhile_stays_due(table: Table) -> None:
    put_lead(table, make.whole_lead(review_on=None))
    store = Leads(table, mailbox_of=make.mailbox, spread_reviews=False)
    store.request_replay(store.read(LEAD_ID), NOW)
    reading = store.read(LEAD_ID)
    store.request_replay(store.read(LEAD_ID), NOW)
    store.replayed(reading)
    assert all_due(table, NOW) == [Due(REPLAY_TASK, LEAD_ID, "")]


def test_a_message_is_due_until_nothing_is_left_to_do(table: Table) -> None:
    message = make.nurture_message()
    table.write(put_message(message))
    assert message.due_at is not None
    assert all_due(table, NOW) == []
    assert all_due(table, message.due_at) == [Due(MESSAGE_TASK, LEAD_ID, str(message.key))]
    Outbox(table, make.mailbox).save(
        message, outbox.settled(outbox.claimed(message, NOW), MessageState.SENT)
    )
    assert all_due(table, message.due_at) == []


@on_big_engines
def test_the_due_things_of_a_shard_come_oldest_first(table: Table) -> None:
    items = [
        make.nurture_message(key=f"nurture#1#s#{number:03d}", now=NOW - (600 - number) * MINUTE)
        for number in range(510)
    ]
    for start in range(0, len(items), TRANSACTION_MAX_WRITES):
        table.write(*map(put_message, items[start : start + TRANSACTION_MAX_WRITES]))
    due = all_due(table, NOW)
    assert [one.key for one in due] == [str(message.key) for message in items]
