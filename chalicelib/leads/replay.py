"""The two algorithms that derive a lead: `count` takes in what is new, a replay all of its events.

A property asserts that they agree, whatever the order and however often events arrive. What both
share is here; the replay itself is in `replaying.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.events import Act, Event, Kind, Rank, lead_id_of
from chalicelib.leads.acts import acts_of
from chalicelib.leads.caps import is_countable
from chalicelib.leads.emails import said_last
from chalicelib.leads.lead import CYCLE, QUESTIONS, Counted, Lead, SalesAnswer, SalesAnswers
from chalicelib.limits import (
    COUNTED_HOURS,
    COUNTED_MAX_IDS,
    FORMS_MAX_PER_DAY,
    JOIN_GRACE_MINUTES,
)
from chalicelib.scoring import by_hand
from chalicelib.scoring import profile as profiles
from chalicelib.scoring import tally as tallies
from chalicelib.scoring.model import Model
from chalicelib.scoring.touches import is_told_late, touch

HOUR_SECONDS = 3600
ADDRESS = "email"


def new_events(lead: Lead, events: Iterable[Event]) -> list[Event]:
    """Return those of some events that can change a lead: each once, and not counted yet.

    One that does not count may still join a visitor whose events do. What was captured before the
    lead was erased is on its way no more (ADR 0046).
    """
    found = {event.digest: event for event in events}
    return [
        event
        for digest, event in found.items()
        if digest not in lead.counted
        and is_remembered(event)
        and lead.takes(event.captured_at, lead_id_of(event.partition) or lead.lead_id)
    ]


def is_remembered(event: Event) -> bool:
    """Return whether a lead remembers that it has taken an event in."""
    return bool(event.joins) or is_countable(event)


def count(
    model: Model, lead: Lead, events: Sequence[Event], joined: Sequence[Event], now: datetime
) -> Lead | None:
    """Return the lead with events counted in; itself when there is nothing new among them.

    joined: the events of the visitors that the events join. The lead must not be crowded. Return
    None when only a replay can tell: which are within the caps, when there are so many; or how the
    sender of the lead's first form had come, when that is told late (ADR 0042). When more
    than 128 ids of the last 48 hours would have to be kept, the events still count and the lead
    becomes crowded: from then on only a replay can tell what is new.
    """
    if not new_events(lead, events):
        return lead
    new = new_events(lead, [*events, *joined])
    if len(lead.counted) + len(new) > FORMS_MAX_PER_DAY:
        return None
    ids = {**lead.counted, **{event.digest: captured_hour(event) for event in new}}
    counting = [event for event in new if is_countable(event)]
    if is_told_late(lead.touches, counting) or _has_unknown_first_form(lead, counting):
        return None
    return with_ids(with_events(model, lead, counting), ids, now)


def _has_unknown_first_form(lead: Lead, events: Iterable[Event]) -> bool:
    """Return whether a form is about to pass for the first one that is not: code of before did not
    keep which one it was.
    """
    if lead.touches.form is not None or not any(event.kind is Kind.FORM for event in events):
        return False
    said = {known.rank for every in lead.profile.values() for known in every}
    return not said.isdisjoint({Rank.FORM, Rank.OWN_BROWSER})


def is_uncounted(lead: Lead, event: Event, now: datetime) -> bool:
    """Return whether an event's stream record has not been processed yet.

    It is counted, and announced, when that arrives. Of a crowded lead nobody knows which events
    those are, so none is.
    """
    if lead.crowded or event.digest in lead.counted:
        return False
    return captured_hour(event) >= first_kept_hour(now)


def join_until(captured_at: datetime) -> datetime:
    """Return up to when a visitor's events count with a join; later ones find their owner alone.

    captured_at: of the event that joins.
    """
    return captured_at + timedelta(minutes=JOIN_GRACE_MINUTES)


def with_events(model: Model, lead: Lead, events: Sequence[Event]) -> Lead:
    """Return the lead with these events in profile, touches, tally, answers, points by hand, and
    in what was said of its emails. Commutes.
    """
    return replace(
        lead,
        profile=profiles.learn(
            lead.profile, [_without_foreign_address(lead, event) for event in events], model.fields
        ),
        touches=touch(lead.touches, events),
        tally=tallies.count_events(model, lead.tally, events),
        matching=lead.matching or model.matching,
        answers=_with_answers(lead.answers, events),
        given=by_hand.take_in(lead.given, events),
        emails=said_last(lead.emails, events),
        created_at=_first_known(lead, events),
    )


def with_ids(lead: Lead, ids: Counted, now: datetime) -> Lead:
    """Return the lead with the ids of the last 48 hours of these; crowded when there are more."""
    oldest = first_kept_hour(now)
    recent = {digest: hour for digest, hour in ids.items() if hour >= oldest}
    crowded = len(recent) > COUNTED_MAX_IDS
    return replace(lead, counted={} if crowded else recent, crowded=crowded)


def captured_hour(event: Event) -> int:
    """Return the hour in which an event was captured, counted from 1970."""
    return _hour_of(event.captured_at)


def first_kept_hour(now: datetime) -> int:
    """Return the hour from which on the ids of events are kept."""
    return _hour_of(now) - COUNTED_HOURS


def _without_foreign_address(lead: Lead, event: Event) -> Event:
    """Return the event without the address of another lead that was merged into this one.

    Consent is given per address, so emails go on to the address whose consent is checked.
    """
    is_foreign = lead_id_of(event.partition) not in (None, lead.lead_id)
    if not is_foreign or ADDRESS not in event.fields:
        return event
    fields = {name: value for name, value in event.fields.items() if name != ADDRESS}
    return replace(event, fields=fields)


def _first_known(lead: Lead, events: Iterable[Event]) -> datetime | None:
    """Return when a lead began, or one that turned out to be it. Commutes and is idempotent."""
    return lead.beginning(
        event.captured_at for event in events if lead_id_of(event.partition) is not None
    )


def _with_answers(answers: SalesAnswers, events: Iterable[Event]) -> SalesAnswers:
    """Return the newest answer to each of the five questions. Commutes and is idempotent."""
    known = dict(answers)
    for event in acts_of(events, Act.OPPORTUNITY):
        cycle = int(event.properties[CYCLE])
        for question in QUESTIONS & event.properties.keys():
            new = SalesAnswer(cycle, event.at, event.id, event.properties[question])
            known[question] = max(new, known.get(question, new))
    return known


def _hour_of(at: datetime) -> int:
    return int(at.timestamp()) // HOUR_SECONDS
