"""Hand-overs, on every engine: written on what was read, seen by whoever looks for poison."""

from datetime import timedelta

import pytest

from chalicelib.clock.hand_over import HandOver, begun, ended, handed_over, quarantined
from chalicelib.clock.tasks import Due
from chalicelib.delivery.due import MESSAGE_TASK
from chalicelib.errors import ConflictError
from chalicelib.limits import HANDOVER_KEPT_DAYS
from chalicelib.qualify.due import REPLAY_TASK, REVIEW_TASK
from chalicelib.qualify.reactions import LeadChange
from chalicelib.store.hand_overs import HandOvers
from chalicelib.store.leads import Leads
from chalicelib.store.outbox import put_message
from chalicelib.store.table import Table
from chalicelib.wiring.due import JOB_TASK
from tests import factories as make
from tests.factories import LEAD_ID, MINUTE
from tests.fakes import NOW

REVIEW = Due(REVIEW_TASK, LEAD_ID, "")
DUES = [
    REVIEW,
    Due(REPLAY_TASK, LEAD_ID, ""),
    Due(MESSAGE_TASK, LEAD_ID, "handoff#1#sms"),
    Due(MESSAGE_TASK, LEAD_ID, "handoff#1#email"),
    Due(JOB_TASK, "", "j"),
]


def test_each_due_thing_has_a_hand_over_of_its_own(table: Table) -> None:
    store = HandOvers(table)
    written = []
    for number, due in enumerate(DUES):
        (found,) = store.read([due], NOW)
        assert found == HandOver(due=due)
        store.save(found, handed_over(found, NOW + number * MINUTE), NOW)
        written.append(found)
    assert [one.leased_until for one in store.read(DUES, NOW)] == [
        handed_over(one, NOW + number * MINUTE).leased_until for number, one in enumerate(written)
    ]


def test_a_hand_over_is_replaced_as_it_was_read_only(table: Table) -> None:
    store = HandOvers(table)
    (absent,) = store.read([REVIEW], NOW)
    store.save(absent, handed_over(absent, NOW), NOW)
    with pytest.raises(ConflictError):
        store.save(absent, handed_over(absent, NOW), NOW)  # a second clock
    (waiting,) = store.read([REVIEW], NOW)
    at_work = begun(waiting, NOW)
    store.save(waiting, at_work, NOW)
    with pytest.raises(ConflictError):
        store.save(waiting, begun(waiting, NOW), NOW)  # a second worker
    store.save(at_work, ended(at_work), NOW)
    (over,) = store.read([REVIEW], NOW)
    assert (over.leased_until, over.starts, over.tries) == (None, 1, 0)


def test_tries_are_forgotten_after_some_days(table: Table) -> None:
    store = HandOvers(table)
    (absent,) = store.read([REVIEW], NOW)
    store.save(absent, begun(absent, NOW), NOW)
    tries = [
        store.read([REVIEW], NOW + timedelta(days=days))[0].tries
        for days in (0, HANDOVER_KEPT_DAYS, HANDOVER_KEPT_DAYS + 1)
    ]
    assert tries == [1, 1, 0]


def test_what_is_put_aside_is_listed_the_longest_first(table: Table) -> None:
    store = HandOvers(table)
    for number, due in enumerate(DUES):
        (found,) = store.read([due], NOW)
        store.save(found, quarantined(found, NOW + number * MINUTE), NOW)
    listed = store.in_quarantine(10)
    assert listed == [
        (f"LEAD#{LEAD_ID}", "HANDOVER#review"),
        (f"LEAD#{LEAD_ID}", "HANDOVER#replay"),
        (f"LEAD#{LEAD_ID}", "HANDOVER#message#handoff#1#sms"),
        (f"LEAD#{LEAD_ID}", "HANDOVER#message#handoff#1#email"),
        ("JOB#j", "HANDOVER#job"),
    ]
    assert store.in_quarantine(2) == listed[:2]
    assert not any(one.is_free(NOW) for one in store.read(DUES, NOW))


def test_a_thing_is_due_as_the_index_would_say(table: Table) -> None:
    store = HandOvers(table)
    assert not store.is_due(REVIEW, NOW)
    lead = make.whole_lead(review_on=make.day(1))
    Leads(table, mailbox_of=make.mailbox, spread_reviews=False).write(
        make.lead(lead_id=lead.lead_id), lead, LeadChange()
    )
    midnight = NOW.replace(hour=0) + timedelta(days=1)
    message = make.nurture_message()
    assert message.due_at is not None
    table.write(put_message(message))
    email = Due(MESSAGE_TASK, LEAD_ID, str(message.key))
    for due, at in ((REVIEW, midnight), (email, message.due_at)):
        assert not store.is_due(due, at - timedelta(milliseconds=1))
        assert store.is_due(due, at)
