"""Clicks on the links of emails, on every engine (ADR 0061)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.capture.joining import Claim
from chalicelib.clicks.clicks import Click, ClickVerdict, Why
from chalicelib.clicks.due import CLICK_TASK
from chalicelib.clicks.links import AnswerLink
from chalicelib.clock.tasks import Due
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import MessageKey, parse_key
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import ConflictError
from chalicelib.events import Event, Owner, Rank
from chalicelib.store.clicks import MISTAKEN, Clicks
from chalicelib.store.due import DueList
from chalicelib.store.events import Events
from chalicelib.store.outbox import put_message
from chalicelib.store.outbox_items import message_of
from chalicelib.store.table import Table
from tests import factories as make
from tests.factories import LEAD_ID, VISITOR
from tests.fakes import NOW

KEY = "nurture#1#learn#1"
SENT = make.nurture_message(KEY)
LATER = NOW + timedelta(minutes=3)


def click(position: int = 0, key: str = KEY, **parts: object) -> Click:
    return Click(
        lead_id=LEAD_ID,
        key=parse_key(key),
        position=position,
        url="https://acme.example/pricing",
        at=NOW,
        agent="abcd",
        network="1234",
        **parts,  # type: ignore[arg-type]
    )


def noted(table: Table, one: Click) -> Clicks:
    """Keep a click on an email that was sent. Return the store."""
    table.write(put_message(SENT))
    store = Clicks(table)
    store.add(one, one.event(SENT, NOW), SENT)
    return store


def judged(one: Click, why: Why = Why.PAGE_VIEW) -> tuple[Click, Event]:
    """Return a click after a person's verdict, and the event of that."""
    verdict = ClickVerdict.PERSON
    after = replace(one, verdict=verdict, why=why, version=one.version + 1)
    return after, one.verdict_event(verdict, why, SENT, LATER)


def test_the_same_senders_repeat_is_the_same_click(table: Table) -> None:
    store = noted(table, click())
    again = replace(click(), at=NOW + timedelta(seconds=1))
    store.add(again, again.event(SENT, again.at), SENT)
    assert store.of(LEAD_ID, SENT.key) == [click()]
    assert len(list(Events(table).of(f"LEAD#{LEAD_ID}"))) == 1


def test_the_clicks_of_another_email_are_others(table: Table) -> None:
    """A step that is entered again has one part more in its key."""
    store = noted(table, click())
    other = click(key=f"{KEY}#2")
    store.add(other, other.event(SENT, NOW), SENT)
    assert store.of(LEAD_ID, SENT.key) == [click()]
    assert store.of(LEAD_ID, MessageKey(SENT.key.kind, 1, ("learn", "1", "2"))) == [other]


def test_a_click_is_due_until_its_verdict(table: Table) -> None:
    store = noted(table, click())
    assert due(table) == [Due(CLICK_TASK, LEAD_ID, click().id)]
    after, event = judged(click())
    store.decide(click(), after, event=event, message=SENT, claimed=None)
    assert due(table) == []
    assert store.one(LEAD_ID, click().id) == after
    assert store.was_clicked(LEAD_ID, SENT.key)
    assert message(table).marks == {Mark.CLICKED}
    with pytest.raises(ConflictError):
        store.replace(click(), replace(click(), is_viewed=True))


def due(table: Table) -> list[Due]:
    places = DueList(table, [CLICK_TASK]).places(LATER)
    return [one for place in places for one in place if one.task is CLICK_TASK]


def message(table: Table) -> OutboxMessage:
    item = table.get(f"LEAD#{LEAD_ID}", f"OUTBOX#{KEY}")
    assert item
    return message_of(item)


def test_a_mistaken_join_ends_before_it_began(table: Table) -> None:
    seen = click(is_viewed=True, visitor=VISITOR)
    store = noted(table, seen)
    after, event = judged(replace(seen, has_joined=True))
    claimed = Claim(VISITOR, None, Owner(LEAD_ID, Rank.FORM))
    store.decide(seen, after, event=event, message=SENT, claimed=claimed)
    events = Events(table)
    assert events.owner(VISITOR) == Owner(LEAD_ID, Rank.FORM)
    store.end_join(after)
    owner = events.owner(VISITOR)
    assert owner
    assert owner.leads_at(LATER) == []
    (join,) = events.joins(LEAD_ID)
    assert join.ended_at == MISTAKEN
    assert list(join.own([make.page(partition=VISITOR)])) == []


def test_an_answer_is_kept_once(table: Table) -> None:
    table.write(put_message(SENT))
    store = Clicks(table)
    link = AnswerLink(LEAD_ID, SENT.key, "goal", "save", "en")
    given = make.event(partition=f"LEAD#{LEAD_ID}")
    assert store.answer(link, given, SENT)
    assert not store.answer(link, replace(given, id=given.id[:-1] + "0"), SENT)
