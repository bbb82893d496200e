"""What a notice to sales knows of a lead and of its reader. `wiring/handoff_facts.py` reads it.

Nothing here is inert yet: what shows a value makes it so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum

from chalicelib.delivery.marks import Mark
from chalicelib.events import Event, FieldValue
from chalicelib.lifecycle.stages import Recorded


class VerdictLink(StrEnum):
    """Where a link to the page of a handoff's verdict leads."""

    PAGE = "page"
    ACCEPT = "accept"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeReader:
    """Who reads a notice."""

    zone: tzinfo = UTC
    """In which times are written: the salesperson's, else the company's."""
    booking_url: str | None = None
    """Where somebody picks a time with the salesperson."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a person is, as far as a clock needs it."""

    zones: Sequence[tzinfo]
    """One by the browser, all of a country; they may differ."""
    name: str
    """A city or a country, in English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a person agreed to, and what that leaves to sales."""

    lines: Sequence[str]
    """What they agreed to, a line for each purpose."""
    advice: str
    """What to do about it by the rules of their country."""
    may_email: bool = False
    """Whether they agreed to emails."""
    may_call: bool = False
    """Whether they agreed to be called."""
    calls: str = ""
    """The same in a few words, with the rule where they did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody else who is active at the company."""

    lead_id: str
    profile: Mapping[str, FieldValue]
    last_day: date
    """On which they last did something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEmail:
    """An email of marketing's that has left."""

    subject: str
    at: datetime
    marks: frozenset[Mark] = frozenset()
    """What became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstContact:
    """Until when somebody has to get in touch."""

    due_at: datetime
    priority: str
    """P1 to P4."""


NOTHING_ALLOWED = Allowed(lines=(), advice="")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """Everything that a notice may show."""

    now: datetime
    reader: NoticeReader = NoticeReader()
    profile: Mapping[str, FieldValue] = field(default_factory=dict)
    unconfirmed: Sequence[str] = ()
    """The fields of the profile that nobody has confirmed."""
    recent: Sequence[Event] = ()
    """Its latest events, newest first, with the one that a message is about before them."""
    moved: Recorded | None = None
    """The transition that it is about; None for a lead that stayed where it was."""
    outside_total: frozenset[str] = frozenset()
    """The groups whose reasons are not in the total of that transition."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What people read instead of the names of a form's own fields."""
    allowed: Allowed = NOTHING_ALLOWED
    place: Whereabouts | None = None
    """None where nobody knows, or said what is no country."""
    colleagues: Sequence[Colleague] = ()
    sent: Sequence[SentEmail] = ()
    """What marketing sent, newest first."""
    first_contact: FirstContact | None = None
