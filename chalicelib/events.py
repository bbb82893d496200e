"""The event: one thing that happened, at a time. Only ever appended, never changed.

Every room speaks of events, so they live below all rooms and import none.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

Value = str | int | float | bool

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VISITOR, USER, LEAD = "VISITOR#", "USER#", "LEAD#"
LEAD_ID = re.compile(r"[A-Z2-7]{26}")
LAST_MS = 9_999_999_999_999  # the year 2286: thirteen digits keep sort keys in order of time


class Kind(StrEnum):
    """What sort of thing happened; also a timeline item's `kind`."""

    PAGE = "page"
    TRACK = "track"
    IDENTIFY = "identify"
    FORM = "form"
    MAIL = "mail"
    SALES = "sales"
    PERSON = "person"


class Act(StrEnum):
    """What a person did with a lead: the name of a person's event."""

    STAGE = "stage"
    OPPORTUNITY = "opportunity"
    OUTCOME = "outcome"
    RETRACTED = "retracted"
    MERGED = "merged"
    IMPORTED = "imported"


RETRACTED_IDS, OTHER_LEAD = "event_ids", "other_lead_id"  # what a retraction and a merge say

PINGS = frozenset({Kind.PAGE, Kind.TRACK})  # cheap to send, so capped and kept for one horizon only


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event.

    partition: whose it is: `VISITOR#<anonymous id>`, `USER#<client's user id>` or `LEAD#<lead id>`.
    id: `<client's time, 13 digits of ms>-<16 hex digits>`, see `event_id`; sorts by time.
    at: when it happened, corrected for the client's clock, never after captured_at.
    properties: what signals match on; campaign: source, medium, name, term, content.
    fields: what a form said of the person; joins: the visitors that a form claimed for its lead.
    """

    partition: str
    id: str
    kind: Kind
    name: str
    at: datetime
    captured_at: datetime
    properties: Mapping[str, Value] = field(default_factory=dict)
    campaign: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Value] = field(default_factory=dict)
    joins: tuple[str, ...] = ()
    confirmed: bool = False

    @property
    def is_ping(self) -> bool:
        """Whether it is a visitor's page view or track event. A download that a form recorded is
        the form's.
        """
        return self.kind in PINGS and not self.partition.startswith(LEAD)

    @property
    def digest(self) -> bytes:
        """The eight bytes by which a standing remembers that it has counted this event."""
        return bytes.fromhex(self.id[-16:])


def event_id(partition: str, at: datetime, message_id: str) -> str:
    """The id of an event: the same partition, client's time and message id are the same event.

    Raises ValueError for a time that thirteen digits of milliseconds cannot hold.
    """
    at_ms = epoch_ms(at)
    if not 0 <= at_ms <= LAST_MS:
        raise ValueError("is not between the years 1970 and 2286")
    digest = sha256(f"{partition}\n{at_ms}\n{message_id}".encode()).hexdigest()[:16]
    return f"{at_ms:013d}-{digest}"


def lead_partition(lead_id: str) -> str:
    """The partition of a lead's events."""
    return LEAD + lead_id


def visitor_partition(anonymous_id: str) -> str:
    """The partition of a browser's anonymous id."""
    return VISITOR + anonymous_id


def user_partition(user_id: str) -> str:
    """The partition of a client's user id: a namespace of its own, so that neither id can pose as
    the other.
    """
    return USER + user_id


def lead_id_of(partition: str) -> str | None:
    """The lead id of a lead's partition, None for a visitor's."""
    return partition.removeprefix(LEAD) if partition.startswith(LEAD) else None


def is_lead_id(text: str) -> bool:
    """Whether a text has the form of a lead id: 26 characters of base32."""
    return bool(LEAD_ID.fullmatch(text))


def visitors_of(own: Iterable[Event]) -> dict[str, Event]:
    """Each visitor that a lead's own events joined, with the event that joined it."""
    return {visitor: event for event in own for visitor in event.joins}


def acts_of(events: Iterable[Event], act: Act) -> list[Event]:
    """The events with which people did an act."""
    return [event for event in events if event.kind is Kind.PERSON and event.name == act]


def retracted_ids(own: Iterable[Event]) -> frozenset[str]:
    """The ids of the events that were taken back out of a lead's score."""
    return frozenset(
        one
        for act in acts_of(own, Act.RETRACTED)
        for one in str(act.properties[RETRACTED_IDS]).split()
    )


def absorbed_of(own: Iterable[Event]) -> list[str]:
    """The leads that turned out to be this one."""
    return [str(act.properties[OTHER_LEAD]) for act in acts_of(own, Act.MERGED)]


def epoch_ms(at: datetime) -> int:
    """Whole milliseconds since 1970 of an aware datetime, exact (no floating point)."""
    return (at - EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=256)  # what one form said was said at one time
def from_epoch_ms(at_ms: int) -> datetime:
    """The aware UTC datetime of milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=at_ms)


def rfc3339(at: datetime) -> str:
    """A UTC time as the API writes it, for example `2026-11-22T09:30:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """The aware UTC datetime of an RFC 3339 or ISO 8601 text; one without a zone is taken as UTC.

    Raises ValueError when the text is not a time.
    """
    at = datetime.fromisoformat(text)
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error
