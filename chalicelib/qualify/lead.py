"""A lead as it is read and written: what was derived of it, and the two pure folds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from chalicelib.events import Event
from chalicelib.lifecycle.decide import apply, decide
from chalicelib.lifecycle.stages import Stage, Standing, Transition
from chalicelib.limits import (
    COUNTED_HOURS,
    COUNTED_MAX_IDS,
    JOIN_GRACE_MINUTES,
    PINGS_MAX_PER_DAY,
    REVIEW_MAX_DAYS,
)
from chalicelib.scoring import profile as profiles
from chalicelib.scoring import tally as tallies
from chalicelib.scoring.model import Model
from chalicelib.scoring.outlook import outlook
from chalicelib.scoring.profile import Profile, Touches
from chalicelib.scoring.score import Score, score
from chalicelib.scoring.tally import Tally

HOUR = timedelta(hours=1)
Counted = Mapping[bytes, int]  # digest of an event -> the hour it was captured in, since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Everything derived of a lead. version: of its standing, 0 before the first write.

    counted: the events captured in the last 48 hours that are in the tally; empty when crowded.
    total: the score at the last write, in thousandths; it only orders the index.
    refold_asks: how often a refold was ever asked for; it only grows, so that a later ask is told from an earlier one.
    """

    lead_id: str
    version: int = 0
    profile: Profile = field(default_factory=dict)
    touches: Touches = Touches()
    tally: Tally = Tally()
    standing: Standing = Standing()
    counted: Counted = field(default_factory=dict)
    crowded: bool = False
    refolded_at: datetime | None = None
    review_on: date | None = None
    total: int = 0
    model_version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    refold_asks: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A lead after an event or a day: what it is now, its score, and the transition if it moved."""

    lead: Lead
    score: Score
    transition: Transition | None


def count(model: Model, lead: Lead, event: Event, joined: Iterable[Event], now: datetime) -> Lead | None:
    """The lead with an event counted in, and the events of the visitors that it joins; None when it is counted already.

    The lead must not be crowded. When more than 128 ids of the last 48 hours would have to be kept, the events
    still count, and the lead becomes crowded: from then on only a refold can tell what is new.
    """
    if event.digest in lead.counted:
        return None
    new = {one.digest: one for one in (event, *joined) if one.digest not in lead.counted}
    kept = capped(new.values())
    return _with_ids(_folded(model, lead, kept), {**lead.counted, **_ids(new.values())}, now)


def refold(
    model: Model, lead: Lead, own: Sequence[Event], visitors: Mapping[str, Sequence[Event]], now: datetime
) -> Lead:
    """The lead from all its events. own: those of its partition; visitors: those of each visitor it joined."""
    every = capped([*own, *(event for events in visitors.values() for event in events)])
    empty = replace(lead, profile={}, touches=Touches(), tally=Tally(), counted={}, crowded=False)
    return _with_ids(_folded(model, empty, every), _ids(every), now)


def decided(model: Model, lead: Lead, now: datetime) -> Decision:
    """The lead with its score and stage as of today, and the day on which to look at it again."""
    today = now.date()
    lead = replace(lead, tally=tallies.within_horizon(lead.tally, today.toordinal()))
    worth = score(model, lead.profile, lead.touches, lead.tally, today)
    transition = decide(model, lead.standing, worth, today)
    standing = apply(lead.standing, transition, today) if transition else lead.standing
    after = replace(
        lead,
        standing=standing,
        total=worth.total,
        model_version=model.version,
        created_at=lead.created_at or now,
        updated_at=now,
    )
    return Decision(replace(after, review_on=next_review(model, after, today)), worth, transition)


def next_review(model: Model, lead: Lead, today: date) -> date | None:
    """The first day on which `decide` would act if nothing happens, at most 28 days ahead; None for a lead that no
    passing of time can move."""
    if not lead.tally or lead.standing.stage not in (Stage.LEAD, Stage.MQL):
        return None
    ahead = outlook(model, lead.profile, lead.touches, lead.tally, today, REVIEW_MAX_DAYS)
    for days in range(1, REVIEW_MAX_DAYS):
        day = today + timedelta(days=days)
        if decide(model, lead.standing, ahead(days), day):
            return day
    return today + timedelta(days=REVIEW_MAX_DAYS)


def capped(events: Iterable[Event]) -> list[Event]:
    """The events less the pings above 500 of one captured day, in the order of their ids. Forms, mail and sales
    events are never capped."""
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
    """Up to when a visitor's events count with the join; later ones find the owner by themselves."""
    return join.captured_at + timedelta(minutes=JOIN_GRACE_MINUTES)


def _folded(model: Model, lead: Lead, events: Sequence[Event]) -> Lead:
    return replace(
        lead,
        profile=profiles.learn(lead.profile, events, model.fields),
        touches=profiles.touch(lead.touches, events),
        tally=tallies.count(model, lead.tally, events),
    )


def _with_ids(lead: Lead, ids: Counted, now: datetime) -> Lead:
    oldest = _hour(now) - COUNTED_HOURS
    recent = {digest: hour for digest, hour in ids.items() if hour >= oldest}
    crowded = len(recent) > COUNTED_MAX_IDS
    return replace(lead, counted={} if crowded else recent, crowded=crowded)


def _ids(events: Iterable[Event]) -> dict[bytes, int]:
    return {event.digest: _hour(event.captured_at) for event in events}


def _hour(at: datetime) -> int:
    return int(at.timestamp()) // int(HOUR.total_seconds())
