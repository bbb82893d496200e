"""The two algorithms that derive a lead: `count` takes in one event, `replay` all of them.

A property asserts that they agree, whatever the order and however often events arrive.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo

from chalicelib.days import day_of
from chalicelib.events import (
    Act,
    Event,
    Join,
    absorbed_of,
    acts_of,
    lead_id_of,
    retracted_ids,
)
from chalicelib.leads.lead import CYCLE, QUESTIONS, Counted, Lead, SalesAnswer, SalesAnswers
from chalicelib.limits import (
    COUNTED_HOURS,
    COUNTED_MAX_IDS,
    JOIN_GRACE_MINUTES,
    PINGS_MAX_PER_DAY,
)
from chalicelib.scoring import profile as profiles
from chalicelib.scoring import tally as tallies
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import Touches
from chalicelib.scoring.tally import Since, Tally

HOUR_SECONDS = 3600
ADDRESS = "email"


def count(
    model: Model, lead: Lead, event: Event, joined: Iterable[Event], now: datetime
) -> Lead | None:
    """Return the lead with an event counted in, or None when it is counted already.

    joined: the events of the visitors that the event joins. The lead must not be crowded. When
    more than 128 ids of the last 48 hours would have to be kept, the events still count and the
    lead becomes crowded: from then on only a replay can tell what is new.
    """
    if event.digest in lead.counted:
        return None
    new = {one.digest: one for one in (event, *joined) if one.digest not in lead.counted}
    counted = _with_events(model, lead, cap_pings(new.values(), model.zone))
    return _with_ids(counted, {**lead.counted, **_ids_of(new.values())}, now)


def replay(
    model: Model,
    lead: Lead,
    own: Sequence[Event],
    visitors: Mapping[Join, Sequence[Event]],
    now: datetime,
) -> Lead:
    """Return the lead derived from all its events.

    own: those of its partition; visitors: those of each visitor that it joined.
    """
    empty = replace(
        lead,
        profile={},
        touches=Touches(),
        tally=Tally(),
        counted={},
        crowded=False,
        answers={},
        matching=model.matching,
        standing=replace(
            lead.standing, since=recount_since(model, lead.standing.since, own, visitors)
        ),
    )
    every = _every_event(own, visitors)
    counting = _events_that_count(model, own, every)
    return _with_ids(_with_events(model, empty, counting), _ids_of(every), now)


def recount_since(
    model: Model,
    since: Since | None,
    own: Sequence[Event],
    visitors: Mapping[Join, Sequence[Event]],
) -> Since | None:
    """Return from when behaviour counts, with its day and its cells as a model counts them.

    own, visitors: as `replay` has them. Cells that this model's own matching counted are kept:
    what was still on its way to the lead at that moment counts after it. Otherwise they are what
    the model would have counted at that moment, so that what was answered before a publish or a
    change of the time zone is not counted again after it (ADR 0025).
    """
    if since is None or since.at is None or since.is_counted_by(model.matching):
        return since
    day = day_of(since.at, model.zone)
    own = _own_by(since.at, since.lead_id, own)
    lead_ids = {since.lead_id, *absorbed_of(own)}
    joined = {
        join: _captured_by(since.at, events)
        for join, events in visitors.items()
        if join.lead_id in lead_ids and join.captured_at <= since.at
    }
    known = _events_that_count(model, own, _every_event(own, joined))
    todays = [event for event in known if day_of(event.at, model.zone) == day]
    return Since.now(model, tallies.count_events(model, Tally(), todays), since.at, since.lead_id)


def drop_uncounted(lead: Lead, events: Iterable[Event], now: datetime) -> list[Event]:
    """Drop events whose stream record has not been processed yet.

    They are counted, and announced, when it arrives. Of a crowded lead nobody knows which events
    those are, so all are kept.
    """
    oldest = _hour_of(now) - COUNTED_HOURS
    return [
        event
        for event in events
        if lead.crowded or event.digest in lead.counted or _hour_of(event.captured_at) < oldest
    ]


def cap_pings(events: Iterable[Event], zone: tzinfo) -> list[Event]:
    """Return the events in the order of their ids, without pings above 500 of one captured day.

    Forms, mail events and sales events are never capped.
    """
    kept: list[Event] = []
    pings: dict[date, int] = {}
    for event in sorted(events, key=lambda event: event.id):
        if event.is_ping:
            day = day_of(event.captured_at, zone)
            pings[day] = pings.get(day, 0) + 1
            if pings[day] > PINGS_MAX_PER_DAY:
                continue
        kept.append(event)
    return kept


def join_until(captured_at: datetime) -> datetime:
    """Return up to when a visitor's events count with a join; later ones find their owner alone.

    captured_at: of the event that joins.
    """
    return captured_at + timedelta(minutes=JOIN_GRACE_MINUTES)


def _own_by(time: datetime, lead_id: str, own: Iterable[Event]) -> list[Event]:
    """Return a lead's own events captured by a time, and of the leads merged into it by then."""
    known = _captured_by(time, own)
    ids: set[str] = set()
    found: list[Event] = []
    waiting = [lead_id]
    while waiting:
        one = waiting.pop()
        if one not in ids:
            ids.add(one)
            theirs = [event for event in known if lead_id_of(event.partition) == one]
            found += theirs
            waiting += absorbed_of(theirs)
    return found


def _captured_by(time: datetime, events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.captured_at <= time]


def _every_event(own: Sequence[Event], visitors: Mapping[Join, Sequence[Event]]) -> list[Event]:
    return [*own, *(event for events in visitors.values() for event in events)]


def _events_that_count(model: Model, own: Sequence[Event], every: Sequence[Event]) -> list[Event]:
    """Return a lead's events in the order of their ids, but for those that were taken back."""
    retracted = retracted_ids(own)
    # Before the cap: an event that was taken back must not keep another ping out.
    return cap_pings((event for event in every if event.id not in retracted), model.zone)


def _with_events(model: Model, lead: Lead, events: Sequence[Event]) -> Lead:
    return replace(
        lead,
        profile=profiles.learn(
            lead.profile, [_without_foreign_address(lead, event) for event in events], model.fields
        ),
        touches=profiles.touch(lead.touches, events),
        tally=tallies.count_events(model, lead.tally, events),
        matching=lead.matching or model.matching,
        answers=_with_answers(lead.answers, events),
    )


def _without_foreign_address(lead: Lead, event: Event) -> Event:
    """Return the event without the address of another lead that was merged into this one.

    Consent is given per address, so emails go on to the address whose consent is checked.
    """
    is_foreign = lead_id_of(event.partition) not in (None, lead.lead_id)
    if not is_foreign or ADDRESS not in event.fields:
        return event
    fields = {name: value for name, value in event.fields.items() if name != ADDRESS}
    return replace(event, fields=fields)


def _with_answers(answers: SalesAnswers, events: Iterable[Event]) -> SalesAnswers:
    """Return the newest answer to each of the five questions. Commutes and is idempotent."""
    known = dict(answers)
    for event in acts_of(events, Act.OPPORTUNITY):
        cycle = int(event.properties[CYCLE])
        for question in QUESTIONS & event.properties.keys():
            new = SalesAnswer(cycle, event.at, event.id, event.properties[question])
            known[question] = max(new, known.get(question, new))
    return known


def _with_ids(lead: Lead, ids: Counted, now: datetime) -> Lead:
    oldest = _hour_of(now) - COUNTED_HOURS
    recent = {digest: hour for digest, hour in ids.items() if hour >= oldest}
    crowded = len(recent) > COUNTED_MAX_IDS
    return replace(lead, counted={} if crowded else recent, crowded=crowded)


def _ids_of(events: Iterable[Event]) -> dict[bytes, int]:
    return {event.digest: _hour_of(event.captured_at) for event in events}


def _hour_of(at: datetime) -> int:
    return int(at.timestamp()) // HOUR_SECONDS
