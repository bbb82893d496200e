"""A lead as it is read and written: what was derived of it, and the two pure folds."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from chalicelib.errors import NotFoundError
from chalicelib.events import Act, Event, Value, acts_of, is_lead_id, lead_id_of, retracted_ids
from chalicelib.lifecycle.decide import DECIDED, decide, settle
from chalicelib.lifecycle.stages import Actor, Stage, Standing, Transition, apply
from chalicelib.limits import (
    COUNTED_HOURS,
    COUNTED_MAX_IDS,
    HORIZON_DAYS,
    JOIN_GRACE_MINUTES,
    PINGS_MAX_PER_DAY,
    REVIEW_MAX_DAYS,
)
from chalicelib.scoring import profile as profiles
from chalicelib.scoring import tally as tallies
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import Profile, Touches
from chalicelib.scoring.score import Score, score, worth_ahead, worth_by_day
from chalicelib.scoring.tally import Tally

HOUR = timedelta(hours=1)
Counted = Mapping[bytes, int]  # digest of an event -> the hour it was captured in, since 1970


QUESTIONS = frozenset(
    {"buying_cycle", "influence", "time_frame", "size", "permission"}
)  # of an opportunity
CYCLE = "cycle"
ADDRESS = "email"


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """What sales said to one of an opportunity's questions, and in which cycle. The newest wins."""

    cycle: int
    at: datetime
    event_id: str
    value: Value = field(compare=False)


Answers = Mapping[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Everything derived of a lead. version: of its standing, 0 before the first write.

    counted: the events captured in the last 48 hours that are in the tally; empty when crowded.
    total: the score at the last write, in thousandths; it only orders the index. replay_asks: how
    often a replay was ever asked for; it only grows, so that a later ask is told from an earlier
    one. activation, matching: of the model that last decided, and of the one that counted the
    tally. warned: the disqualifying rules that the owner of an accepted lead was told of. answers:
    of an opportunity's five questions, those of its cycle. merged_into: the lead that this one
    turned out to be.
    """

    lead_id: str
    version: int = 0
    profile: Profile = field(default_factory=dict)
    touches: Touches = Touches()
    tally: Tally = Tally()
    standing: Standing = Standing()
    counted: Counted = field(default_factory=dict)
    crowded: bool = False
    replayed_at: datetime | None = None
    review_on: date | None = None
    total: int = 0
    model_version: int = 0
    activation: int = 0
    matching: str = ""
    warned: tuple[str, ...] = ()
    answers: Answers = field(default_factory=dict)
    merged_into: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    replay_requests: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A lead after an event, a day or a person's word: what it is now, its score, and how it moved:
    mostly not.
    """

    lead: Lead
    score: Score
    transitions: tuple[Transition, ...] = ()


def survivor(read: Callable[[str], Lead], lead_id: str) -> Lead:
    """The lead of an id; of one that turned out to be another, that other. There are no circles."""
    found = read(lead_id)
    while found.merged_into:
        found = read(found.merged_into)
    return found


def known(read: Callable[[str], Lead], lead_id: str) -> Lead:
    """The lead of an id that somebody sent us, or its survivor. Raises NotFoundError."""
    found = survivor(read, lead_id) if is_lead_id(lead_id) else None
    if found is None or not found.version:
        raise NotFoundError("there is no such lead")
    return found


def count(
    model: Model, lead: Lead, event: Event, joined: Iterable[Event], now: datetime
) -> Lead | None:
    """The lead with an event counted in, and the events of the visitors that it joins; None when it
    is counted already.

    The lead must not be crowded. When more than 128 ids of the last 48 hours would have to be kept,
    the events still count, and the lead becomes crowded: from then on only a replay can tell what
    is new.
    """
    if event.digest in lead.counted:
        return None
    new = {one.digest: one for one in (event, *joined) if one.digest not in lead.counted}
    kept = capped(new.values())
    return _with_ids(_folded(model, lead, kept), {**lead.counted, **_ids(new.values())}, now)


def replay(
    model: Model,
    lead: Lead,
    own: Sequence[Event],
    visitors: Mapping[str, Sequence[Event]],
    now: datetime,
) -> Lead:
    """The lead from all its events. own: those of its partition; visitors: those of each visitor it
    joined.
    """
    every = [*own, *(event for events in visitors.values() for event in events)]
    gone = retracted_ids(own)  # before the cap: what was taken back keeps no other ping out
    empty = replace(
        lead,
        profile={},
        touches=Touches(),
        tally=Tally(),
        counted={},
        crowded=False,
        answers={},
        matching=model.matching,
    )
    folded = _folded(model, empty, capped(event for event in every if event.id not in gone))
    return _with_ids(folded, _ids(every), now)


def counted_by(lead: Lead, events: Iterable[Event], now: datetime) -> list[Event]:
    """The events less those that are still on their way to a lead: each counts when its own stream
    record comes, and tells whom it has to tell. Of a crowded lead nobody knows which those are.
    """
    oldest = _hour(now) - COUNTED_HOURS
    return [
        event
        for event in events
        if lead.crowded or event.digest in lead.counted or _hour(event.captured_at) < oldest
    ]


def score_of(model: Model, lead: Lead, day: date) -> Score:
    """What the model says of a lead on a day."""
    return score(model, lead.profile, lead.touches, lead.tally, day, lead.standing.since)


def decided(
    model: Model,
    lead: Lead,
    now: datetime,
    actor: Actor = Actor.MODEL,
    moves: Sequence[Transition] = (),
) -> Decision:
    """The lead with its score and stage as of today, and the day on which to look at it again.

    moves: what was decided of it already, by a person. What the model makes of that follows in the
    same decision.
    """
    today = now.date()
    standing = lead.standing
    for transition in moves:
        standing = apply(standing, transition)
    lead = replace(
        lead, tally=tallies.within_horizon(lead.tally, today.toordinal()), standing=standing
    )
    worth = score_of(model, lead, today)
    standing, steps = settle(model, standing, worth, today, actor)
    after = replace(
        lead,
        standing=standing,
        total=worth.total,
        model_version=model.version,
        activation=model.activation,
        created_at=lead.created_at or now,
        updated_at=now,
    )
    return Decision(
        replace(after, review_on=next_review(model, after, today)), worth, (*moves, *steps)
    )


def next_review(model: Model, lead: Lead, today: date) -> date | None:
    """The first day on which `decide` would act if nothing happens, at most 28 days ahead; None for
    a lead that no passing of time can move.
    """
    if not lead.tally or lead.standing.stage not in DECIDED - {Stage.SQL}:
        return None
    return first_move(model, lead, today, REVIEW_MAX_DAYS - 1) or today + timedelta(
        days=REVIEW_MAX_DAYS
    )


def first_move(model: Model, lead: Lead, today: date, most_days: int) -> date | None:
    """The first day after today, at most so many days ahead, on which `decide` would act if nothing
    happens.

    Where everything only fades no way in opens any more, but at the end of a rest, and a lead that
    has cooled stays cold: that day is found by halving. Where something counts against the lead and
    fades too, any day may be the one: about which is found by the weights of today, and then asked
    exactly.
    """
    facts, since = (model, lead.profile, lead.touches, lead.tally), lead.standing.since
    on = worth_by_day(*facts, since)

    def acts(days: int, score: Score | None = None) -> bool:
        day = today + timedelta(days=days)
        return decide(model, lead.standing, score or on(day), day) is not None

    if _only_fades(model, lead, today):
        first = max(1, (lead.standing.rest_until - today).days) if lead.standing.rest_until else 1
        cooling = (
            bisect_left(range(most_days + 1), 1, lo=first, key=acts)
            if lead.standing.stage is Stage.MQL
            else first
        )
        asked = [first, cooling]
    else:
        about = worth_ahead(*facts, today, since)
        ends = (
            min(tallies.oldest_days(lead.tally), default=today.toordinal())
            + HORIZON_DAYS
            - today.toordinal()
        )
        found = next(
            (n for n in range(1, most_days + 1) if acts(n, about(n) if n < ends else None)), None
        )
        asked = [found - 1, found, found + 1] if found else []
    in_time = (days for days in asked if 1 <= days <= most_days)
    return next((today + timedelta(days=days) for days in in_time if acts(days)), None)


def _only_fades(model: Model, lead: Lead, today: date) -> bool:
    """Whether nothing that the lead did counts against it, or lies in the future by another
    machine's clock.
    """
    against = {rule.signal.id for rule in model.behaviour_rules if rule.points < 0}
    days, keys, last = lead.tally.days, lead.tally.keys, today.toordinal()
    is_ahead = any(max(cells) > last for cells in days.values()) or any(
        max(k.values()) > last for k in keys.values()
    )
    return not (against & (days.keys() | keys.keys())) and not is_ahead


def capped(events: Iterable[Event]) -> list[Event]:
    """The events less the pings above 500 of one captured day, in the order of their ids. Forms,
    mail and sales events are never capped.
    """
    kept, pings = [], dict[date, int]()
    for event in sorted(events, key=lambda event: event.id):
        if event.is_ping:
            day = event.captured_at.date()
            pings[day] = pings.get(day, 0) + 1
            if pings[day] > PINGS_MAX_PER_DAY:
                continue
        kept.append(event)
    return kept


def join_until(join: Event) -> datetime:
    """Up to when a visitor's events count with the join; later ones find the owner by
    themselves.
    """
    return join.captured_at + timedelta(minutes=JOIN_GRACE_MINUTES)


def _folded(model: Model, lead: Lead, events: Sequence[Event]) -> Lead:
    return replace(
        lead,
        profile=profiles.learn(
            lead.profile, [_as_ours(lead, event) for event in events], model.fields
        ),
        touches=profiles.touch(lead.touches, events),
        tally=tallies.count(model, lead.tally, events),
        matching=lead.matching or model.matching,
        answers=_answered(lead.answers, events),
    )


def _as_ours(lead: Lead, event: Event) -> Event:
    """An event of a lead that turned out to be this one says nothing of the address: consent is
    given per address, so emails go on to the one whose consent is asked.
    """
    other = lead_id_of(event.partition) not in (None, lead.lead_id)
    if not other or ADDRESS not in event.fields:
        return event
    return replace(
        event, fields={name: value for name, value in event.fields.items() if name != ADDRESS}
    )


def _answered(answers: Answers, events: Iterable[Event]) -> Answers:
    """The newest answer to each of an opportunity's questions. Commutes and is idempotent."""
    known = dict(answers)
    for event in acts_of(events, Act.OPPORTUNITY):
        cycle = int(event.properties[CYCLE])
        for question in QUESTIONS & event.properties.keys():
            new = Answer(cycle, event.at, event.id, event.properties[question])
            known[question] = max(new, known.get(question, new))
    return known


def _with_ids(lead: Lead, ids: Counted, now: datetime) -> Lead:
    oldest = _hour(now) - COUNTED_HOURS
    recent = {digest: hour for digest, hour in ids.items() if hour >= oldest}
    crowded = len(recent) > COUNTED_MAX_IDS
    return replace(lead, counted={} if crowded else recent, crowded=crowded)


def _ids(events: Iterable[Event]) -> dict[bytes, int]:
    return {event.digest: _hour(event.captured_at) for event in events}


def _hour(at: datetime) -> int:
    return int(at.timestamp()) // int(HOUR.total_seconds())
