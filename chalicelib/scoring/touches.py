"""Touches: where a person came from, first, last, and in between; and the channel of their lead.

A touch is an event with a campaign, and every browser has a rank (ADR 0037): touches of a lower one
give way. What is kept is bounded, and comes out the same in any order of arrival (ADR 0042).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from chalicelib.days import day_of
from chalicelib.events import EPOCH, Event, Kind, Rank
from chalicelib.limits import TOUCH_MAX_CHARS, TOUCHES_MAX

TOUCH_KEYS = ("source", "medium", "name")
DIRECT = "direct"
"""The channel of whoever came from nowhere in particular."""
OTHER_CHANNEL = "other"
"""The channel of a touch that names no medium."""
#: What attribution calls a medium that it took from the page before alone.
INFERRED_MEDIA = frozenset({"organic", "social", "email", "ai", "referral"})
ONE_HOUR = timedelta(hours=1)
Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Touch:
    """Thing arrival from a source. What was not named is an empty string."""

    at: datetime
    event_id: str
    source: str
    medium: str
    campaign: str
    rank: Rank = Rank.FORM
    """Of the browser that it came from."""


@dataclass(frozen=True, slots=True)
class FirstForm:
    """A lead's first form, and how its sender had come."""

    at: datetime
    event_id: str
    touch: Touch | None = None
    """The last touch until then; None for somebody who came from nowhere in particular."""


@dataclass(frozen=True, slots=True, order=True)
class BrowserZone:
    """The time zone of a person's browser, ordered by who said it and when (ADR 0056)."""

    rank: Rank
    """Of the browser."""
    day: date
    """In UTC. Of a day one zone is kept, so that a visit of many pages is one change."""
    name: str
    """As the browser names it, such as Europe/Berlin; it may be no zone."""


@dataclass(frozen=True, slots=True)
class Touches:
    """The touches of the highest rank; with one touch the first and the last are the same."""

    first: Touch | None = None
    last: Touch | None = None
    recent: tuple[Touch, ...] = ()
    """The newest ones, the newest first: of one source, medium and campaign one an hour."""
    form: FirstForm | None = None
    zone: BrowserZone | None = None
    """The newest of the highest rank; None: no browser has said it."""

    @property
    def channel(self) -> str | None:
        """How the sender of the first form had come; None before there is one. Frozen from then."""
        if self.form is None:
            return None
        return (self.form.touch.medium.lower() or OTHER_CHANNEL) if self.form.touch else DIRECT


def touch(touches: Touches, events: Iterable[Event]) -> Touches:
    """Return the touches with the events' campaigns. Commutes and is idempotent.

    The order of forms is the exception: see `is_told_late`.
    """
    taken = list(events)
    new = [_touch_of(event) for event in taken if _is_touch(event)]
    form = _first_form(touches, taken, new)
    zone = _newest_zone(touches.zone, taken)
    if not new:
        is_same = form == touches.form and zone == touches.zone
        return touches if is_same else replace(touches, form=form, zone=zone)
    first = min([*_known(touches.first), *new], key=_first_key)
    last = max([*_known(touches.last), *new], key=_last_key)
    return Touches(first, last, _newest([*touches.recent, *new]), form, zone)


def is_told_late(touches: Touches, events: Iterable[Event]) -> bool:
    """Return whether only a replay can tell how the sender of the first form had come.

    So it is when a form comes in after what happened later: of the touches before it not all are
    kept. A replay reads the lead's own forms first, and their visitors' events then.
    """
    first = min((_form_key(event) for event in events if event.kind is Kind.FORM), default=None)
    if first is None or touches.last is None:
        return False
    form = touches.form
    is_first = form is None or first < (form.at, form.event_id)
    return is_first and touches.last.at > first[0]


def zone_before(touches: Touches, moment: datetime) -> BrowserZone | None:
    """Return the zone of touches if it was said by the day of a moment, else None."""
    zone = touches.zone
    return zone if zone is not None and zone.day <= day_of(moment, UTC) else None


def _is_touch(event: Event) -> bool:
    # An identify says who somebody is, not how they came.
    return event.kind is not Kind.IDENTIFY and any(map(event.campaign.get, TOUCH_KEYS))


def _touch_of(event: Event) -> Touch:
    source, medium, campaign = (event.campaign.get(key, "") for key in TOUCH_KEYS)
    return Touch(event.at, event.id, source, medium, campaign, event.browser_rank)


def _first_form(touches: Touches, events: list[Event], new: list[Touch]) -> FirstForm | None:
    forms = [FirstForm(*_form_key(event)) for event in events if event.kind is Kind.FORM]
    first = min(
        [*_known(touches.form), *forms], key=lambda one: (one.at, one.event_id), default=None
    )
    if first is None:
        return None
    stood = touches.form.touch if touches.form else None
    named = [one for one in (stood, touches.first, touches.last) if one]
    until_then = [one for one in (*named, *touches.recent, *new) if one.at <= first.at]
    return replace(first, touch=max(until_then, key=_last_key, default=None))


def _newest_zone(known: BrowserZone | None, events: list[Event]) -> BrowserZone | None:
    said = (
        BrowserZone(event.browser_rank, day_of(event.at, UTC), event.zone)
        for event in events
        if event.zone
    )
    return max([*_known(known), *said], default=None)


def _newest(every: list[Touch]) -> tuple[Touch, ...]:
    """Return the newest of these that have the highest rank, one an hour of each kind.

    Kept is by the hour, which of one kind never changes: so what is left out never comes back.
    """
    best = max(one.rank for one in every)
    kinds: dict[tuple[int, str, str, str], Touch] = {}
    for one in every:
        if one.rank == best:
            short = replace(
                one,
                source=one.source[:TOUCH_MAX_CHARS],
                medium=one.medium[:TOUCH_MAX_CHARS],
                campaign=one.campaign[:TOUCH_MAX_CHARS],
            )
            kind = (_hour(short), short.source, short.medium, short.campaign)
            kinds[kind] = min(short, kinds.get(kind, short), key=_first_key)
    return tuple(kinds[kind] for kind in sorted(kinds, reverse=True)[:TOUCHES_MAX])


def _known(one: Thing | None) -> list[Thing]:
    return [] if one is None else [one]


def _form_key(event: Event) -> tuple[datetime, str]:
    return event.at, event.id


def _hour(touch: Touch) -> int:
    return (touch.at - EPOCH) // ONE_HOUR


def _first_key(touch: Touch) -> tuple[int, datetime, str]:
    return -touch.rank, touch.at, touch.event_id


def _last_key(touch: Touch) -> tuple[int, int, bool, datetime, str]:
    """Return what orders touches for the last one.

    In a single-page app the page before the visit stays that of every view: within an hour what a
    campaign names outweighs it.
    """
    is_named = bool(touch.campaign) or touch.medium not in INFERRED_MEDIA
    return touch.rank, _hour(touch), is_named, touch.at, touch.event_id
