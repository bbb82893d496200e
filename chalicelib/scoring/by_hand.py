"""Points that one of our people gave a lead by hand: what no event says (ADR 0050)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from chalicelib.days import day_of
from chalicelib.events import Act, Event, Kind
from chalicelib.scoring.milli import to_milli
from chalicelib.scoring.model import Model

GIVEN_POINTS = "points"
GIVEN_REASON = "reason"
GIVEN_UNTIL = "until"
GIVEN_GROUP = "group"
"""The properties of the event that records them."""


@dataclass(frozen=True, slots=True)
class GivenPoints:
    """Points that one of our people gave a lead."""

    at: datetime
    event_id: str
    milli: int
    """Thousandths of a point."""
    reason: str
    until: date | None = None
    """The last day on which they count; None: they count for good."""
    group: str | None = None
    """The group that gets them; None for the one that the model gives them to."""


Given = Sequence[GivenPoints]
"""The points of a lead, the oldest first."""


def take_in(given: Given, events: Iterable[Event]) -> Given:
    """Return the points with those that events record. Commutes and is idempotent."""
    new = [
        _given_in(event)
        for event in events
        if event.kind is Kind.PERSON and event.name == Act.POINTS
    ]
    if not new:
        return given
    every = {one.event_id: one for one in (*given, *new)}
    return tuple(sorted(every.values(), key=lambda one: (one.at, one.event_id)))


def live_on(given: Given, day: date) -> Given:
    """Return the points that count on a day."""
    return tuple([one for one in given if one.until is None or day <= one.until])


def given_by(given: Given, day: date, zone: tzinfo) -> Given:
    """Return the points that had been given by a day."""
    return tuple([one for one in given if day_of(one.at, zone) <= day])


def may_rise(given: Given) -> bool:
    """Return whether the end of some points raises the score."""
    return any(one.milli < 0 and one.until for one in given)


def group_of(model: Model, one: GivenPoints) -> str:
    """Return the group that gets some points: a model may not have the one that was named."""
    return one.group if one.group and one.group in model.groups else model.hand_group


def add_given(raw: dict[str, int], model: Model, given: Given, day: date) -> None:
    """Add what counts on a day to the points by group."""
    for one in live_on(given, day):
        raw[group_of(model, one)] += one.milli


def _given_in(event: Event) -> GivenPoints:
    said = event.properties
    until = said.get(GIVEN_UNTIL)
    group = said.get(GIVEN_GROUP)
    return GivenPoints(
        at=event.at,
        event_id=event.id,
        milli=to_milli(float(said[GIVEN_POINTS])),
        reason=str(said[GIVEN_REASON]),
        until=date.fromisoformat(str(until)) if until else None,
        group=str(group) if group else None,
    )
