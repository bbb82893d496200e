"""The event: one thing that happened at one time. Events are appended and never changed.

Every room deals in events, so this module stands below all rooms and imports none.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from functools import lru_cache
from hashlib import sha256

from chalicelib.mail_events import MailEvent

Value = str | int | float | bool
"""A value of a property."""
FieldValue = Value | tuple[Value, ...]
"""What somebody said in a field: one value, or all values that were chosen of a list."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_MS = timedelta(milliseconds=1)
VISITOR_PREFIX = "VISITOR#"
USER_PREFIX = "USER#"
LEAD_PREFIX = "LEAD#"
LEAD_ID = re.compile(r"[A-Z2-7]{26}")
LAST_MS = 9_999_999_999_999  # the year 2286: thirteen digits keep sort keys in order of time


class Kind(StrEnum):
    """What sort of thing happened; also the `kind` of a timeline item."""

    PAGE = "page"
    TRACK = "track"
    IDENTIFY = "identify"
    FORM = "form"
    MAIL = "mail"
    SALES = "sales"
    PERSON = "person"


class Act(StrEnum):
    """What one of our people did with a lead: the name of an event of kind `person`."""

    STAGE = "stage"
    OPPORTUNITY = "opportunity"
    OUTCOME = "outcome"
    RETRACTED = "retracted"
    MERGED = "merged"
    IMPORTED = "imported"
    BASIS = "basis"
    RELEASED = "released"
    POINTS = "points"
    EMAILS = "emails"  # all emails to the lead are stopped, or may go out again
    SEQUENCE = "sequence"  # one sequence is started or stopped
    VERDICT = "verdict"  # sales takes a lead that was handed over, or does not
    PROFILE = "profile"  # what is known of the person is corrected
    OWNER = "owner"  # another salesperson gets the lead
    NOTE = "note"
    CONTACT = "contact"  # a salesperson called, wrote, booked a meeting, or reached nobody


class Rank(IntEnum):
    """How far what an event says of the person is to be believed: a lower rank never replaces what
    a higher one said (ADR 0037).
    """

    IDENTIFY = 0  # anybody's script named an address
    FORM = 1  # anybody typed an address
    OWN_BROWSER = 2  # a form from a browser that was the lead's already
    CONFIRMED = 3  # one of our people said it, or it came through a link to that mailbox


#: Of the kinds that always have the same one.
RANK_OF_KIND = {Kind.IDENTIFY: Rank.IDENTIFY, Kind.PERSON: Rank.CONFIRMED}

RETRACTED_IDS = "event_ids"  # of a retraction, separated by spaces; of a release its form
CONFIRMED_FORM = "confirms"  # the property of a confirmation that names the form's event
BROWSER_LANGUAGE = "browser_language"  # that a form's browser asked for first, in its event
CONSENT_PENDING = "consent_pending"  # of a form's event: its ticked box has yet to be confirmed

OWN = "\x00"  # what message ids of our own begin with: no client's id holds control characters
PINGS = frozenset({Kind.PAGE, Kind.TRACK, Kind.IDENTIFY})  # cheap, so capped and soon forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event."""

    partition: str
    """The owner: `VISITOR#<anonymous id>`, `USER#<client's user id>` or `LEAD#<lead id>`."""
    id: str
    """`<client's time, 13 digits of ms>-<16 hex digits>`, see `event_id`. Sorts by time."""
    kind: Kind
    name: str
    """The name of a track event, the id of a form, or an Act; empty for a page view."""
    at: datetime
    """When it happened, corrected for the client's clock; never after `captured_at`."""
    captured_at: datetime
    """When the API accepted it."""
    properties: Mapping[str, Value] = field(default_factory=dict)
    """What signals match on."""
    campaign: Mapping[str, str] = field(default_factory=dict)
    """Source, medium, name, term and content, as far as they are known."""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    """What a form said about the person."""
    said: Mapping[str, str] = field(default_factory=dict)
    """The words of a field that was read as something else, such as a number out of a range."""
    joins: tuple[str, ...] = ()
    """The partitions of the visitors that a form claimed for its lead."""
    rank: Rank = Rank.FORM
    """How far what it says of the person is to be believed."""
    browser_rank: Rank = Rank.FORM
    """How far the browser that it came from is the lead's; so are the visitors that it joins."""
    is_surplus: bool = False
    """Whether it is only kept: of one lead's forms so many count on a day, and no more."""
    screened: str = ""
    """Why it is only kept, as spam: a ScreenReason. Its `joins` are wishes then (ADR 0044)."""
    zone: str = ""
    """The time zone that the browser says it is in; empty: it says none, or hides it."""
    cut: tuple[str, ...] = ()
    """What was longer than what is stored of one event, for example `properties.url`."""

    @property
    def is_ping(self) -> bool:
        """Whether this is a page view, a track event or an identify. The lead's own download, which
        a form recorded, is none; its identifies are (ADR 0033).
        """
        is_own = self.partition.startswith(LEAD_PREFIX) and self.kind is not Kind.IDENTIFY
        return self.kind in PINGS and not is_own

    @property
    def digest(self) -> bytes:
        """The eight bytes by which a lead remembers that it has counted this event."""
        return bytes.fromhex(self.id[-16:])


@dataclass(frozen=True, slots=True)
class Join:
    """That a visitor belongs to a lead, because an event of that lead claimed it."""

    visitor: str
    """The visitor's partition."""
    lead_id: str
    captured_at: datetime
    """When the claiming event was captured."""
    rank: Rank = Rank.FORM
    """How far the visitor's browser is the lead's."""
    ended_at: datetime | None = None
    """When the claim gave way: what is captured from then on is not this lead's (ADR 0037)."""

    def own(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield what of a visitor's events is the lead's, with the rank of the browser."""
        for event in events:
            if self.ended_at is None or event.captured_at < self.ended_at:
                yield replace(event, browser_rank=self.rank)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a visitor is. rank: of the claim."""

    lead_id: str
    rank: Rank = Rank.FORM
    contested_at: datetime | None = None
    """Since when another lead claims it with as much evidence: it joins neither."""
    earlier: Mapping[str, datetime] = field(default_factory=dict)
    """The leads that it was taken from, each with the time until which it was theirs."""

    def ended_at(self, lead_id: str) -> datetime | None:
        """Return when a lead's claim gave way, None while it holds."""
        return self.contested_at if lead_id == self.lead_id else self.earlier.get(lead_id)

    def leads_at(self, time: datetime) -> list[str]:
        """Return whose an event is that was captured at a time. Mostly there is one lead.

        Whoever has the visitor now has all of its past; whom it was taken from keeps theirs.
        """
        theirs = [lead_id for lead_id, until in self.earlier.items() if time < until]
        is_ours = self.contested_at is None or time < self.contested_at
        return [self.lead_id, *theirs] if is_ours else theirs


def event_id(partition: str, at: datetime, message_id: str) -> str:
    """Return the id of a client's event: of the same partition, time and message id the same.

    at: the client's time. Raise ValueError for a time that thirteen digits of milliseconds cannot
    hold.
    """
    at_ms = epoch_ms(at)
    if not 0 <= at_ms <= LAST_MS:
        raise ValueError("is not between the years 1970 and 2286")
    digest = sha256(f"{partition}\n{at_ms}\n{message_id}".encode()).hexdigest()[:16]
    return f"{at_ms:013d}-{digest}"


def parse_event_time(event_id: str) -> datetime:
    """Return the client's time in the id of an event."""
    return from_epoch_ms(int(event_id[:13]))


def own_event_id(partition: str, at: datetime, what: str) -> str:
    """Return the id of an event of ours: a form, a notice, an act. No client's event has such an
    id, so none can take its place (ADR 0033). what: tells it apart from others of that time.
    """
    return event_id(partition, at, OWN + what)


def lead_partition(lead_id: str) -> str:
    """Return the partition of a lead's events."""
    return LEAD_PREFIX + lead_id


def visitor_partition(anonymous_id: str) -> str:
    """Return the partition of a browser's anonymous id."""
    return VISITOR_PREFIX + anonymous_id


def user_partition(user_id: str) -> str:
    """Return the partition of a client's user id: neither kind of id can pose as the other."""
    return USER_PREFIX + user_id


def lead_id_of(partition: str) -> str | None:
    """Return the lead id of a lead's partition, None for the partition of a visitor."""
    return partition.removeprefix(LEAD_PREFIX) if partition.startswith(LEAD_PREFIX) else None


def is_lead_id(text: str) -> bool:
    """Return whether a text has the form of a lead id: 26 characters of base32."""
    return bool(LEAD_ID.fullmatch(text))


def browser_rank_of(visitor: str, rank: Rank) -> Rank:
    """Return how far what a visitor did is believed. rank: of the event that joined it.

    A user id is not a browser: what comes under it says nothing about how the person came.
    """
    return Rank.IDENTIFY if visitor.startswith(USER_PREFIX) else rank


def joins_on(own: Iterable[Event]) -> list[Join]:
    """Return what the events of leads claimed, as it stands on the events themselves."""
    return [
        Join(visitor, lead_id, event.captured_at, browser_rank_of(visitor, event.browser_rank))
        for event in own
        if (lead_id := lead_id_of(event.partition)) and not event.screened
        for visitor in event.joins
    ]


def values_in(value: FieldValue) -> tuple[Value, ...]:
    """Return the values of a field; a list has several."""
    return value if isinstance(value, tuple) else (value,)


def said_as(value: FieldValue) -> str:
    """Return a field as people read it: the values of a list with commas between them."""
    return ", ".join(map(str, values_in(value)))


def confirmed_form_of(event: Event) -> str | None:
    """Return the id of the form's event that a confirmation raises, None for any other event."""
    # Only Baton appends mail events, so that no stranger's property can stand for it.
    if event.kind is not Kind.MAIL or event.name != MailEvent.CONFIRMED:
        return None
    return str(event.properties[CONFIRMED_FORM])


def epoch_ms(at: datetime) -> int:
    """Return the whole milliseconds since 1970 of an aware datetime, without floating point."""
    return (at - EPOCH) // ONE_MS


def elapsed_ms(since: datetime, now: datetime) -> int:
    """Return the whole milliseconds from one moment to another, 0 where two clocks disagree."""
    return max(0, epoch_ms(now) - epoch_ms(since))


@lru_cache(maxsize=256)  # all fields of a form were said at the same moment
def from_epoch_ms(at_ms: int) -> datetime:
    """Return the aware UTC datetime of milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=at_ms)


def rfc3339(at: datetime) -> str:
    """Return a time as the API writes it, in UTC: `2026-11-22T09:30:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Return the aware UTC datetime of an RFC 3339 or ISO 8601 text. No zone means UTC.

    Raise ValueError when the text is not a time.
    """
    at = datetime.fromisoformat(text)
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error
