"""A lead as it is read and written: everything that was derived from its events."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from chalicelib.days import UTC_NAME
from chalicelib.errors import NotFoundError
from chalicelib.events import Value, is_lead_id
from chalicelib.leads.emails import EmailsSaid
from chalicelib.leads.request_counts import RequestCounts
from chalicelib.leads.requests import NOTHING_REQUESTED, ReplayRequests
from chalicelib.lifecycle.stages import Standing
from chalicelib.scoring.by_hand import Given
from chalicelib.scoring.evidence import Evidence
from chalicelib.scoring.profile import Profile
from chalicelib.scoring.tally import Tally
from chalicelib.scoring.touches import Touches

Counted = Mapping[bytes, int]
"""Digest of an event -> the hour in which it was captured, counted from 1970."""

QUESTIONS = frozenset({"buying_cycle", "influence", "time_frame", "size", "permission"})
"""What sales answers before a lead becomes an opportunity."""

CYCLE = "cycle"
"""The property of an answer's event that names the cycle the answer belongs to."""


@dataclass(frozen=True, slots=True, order=True)
class SalesAnswer:
    """What sales said to one of the five questions. The newest of the highest cycle wins."""

    cycle: int
    at: datetime
    event_id: str
    value: Value = field(compare=False)


SalesAnswers = Mapping[str, SalesAnswer]
"""Question -> answer."""


class NotifiedAbout(StrEnum):
    """What sales can be notified about besides a handoff."""

    DISQUALIFIED = "disqualified"  # a rule disqualifies a lead that sales has accepted
    REQUEST = "request"  # the person asked to be contacted, and that made no new SQL
    ACTIVITY = "activity"  # a lead that sales has did something that tells


@dataclass(frozen=True, slots=True, order=True)
class Notified:
    """One thing that sales was notified about, so that it is not said twice in a cycle."""

    cycle: int
    about: NotifiedAbout
    rule: str = ""
    """The rule that disqualifies; the day of a request or of telling activity. Earlier code kept no
    day of a request."""


@dataclass(slots=True, kw_only=True)
class Lead:
    """Everything derived from a lead's events.

    Nothing changes one. It is not frozen because what-if reads thousands a second (ADR 0054).
    """

    lead_id: str
    version: int = 0
    """Of its standing; 0 before the first write. Every write expects the version it read."""
    profile: Profile = field(default_factory=dict)
    touches: Touches = Touches()
    tally: Tally = Tally()
    standing: Standing = Standing()
    counted: Counted = field(default_factory=dict)
    """The events of the last 48 hours that are in the tally; empty when crowded."""
    crowded: bool = False
    """More events than fit into `counted`: only a replay can tell which ones are new."""
    replayed_at: datetime | None = None
    review_on: date | None = None
    """The day on which the clock looks at it again."""
    total: int = 0
    """The score at the last write, in thousandths. It only orders the index of a stage."""
    model_version: int = 0
    activation: int = 0
    """Of the model that last decided: an older model never decides again (ADR 0016)."""
    matching: str = ""
    """Of the model that counted the tally; with another one it must be replayed (ADR 0017)."""
    zone: str = UTC_NAME
    """The time zone that the days of its tally and its review are days of (ADR 0025)."""
    notified: tuple[Notified, ...] = ()
    """What sales was notified about in this cycle."""
    asked: RequestCounts = field(default_factory=dict)
    """Its requests by day and outcome, as they were counted."""
    answers: SalesAnswers = field(default_factory=dict)
    given: Given = ()
    """Points that our people gave it by hand."""
    emails: EmailsSaid | None = None
    """What our people said last of the emails to it; None: nothing."""
    merged_into: str | None = None
    """The lead that this one turned out to be."""
    is_outdated: bool = False
    """Some of it is stored in an older schema, until it is written again (ADR 0027)."""
    created_at: datetime | None = None
    """When it began: when the first of its own events that count was captured (ADR 0048)."""
    updated_at: datetime | None = None
    erased_at: datetime | None = None
    """When the person was last erased: what was captured by then counts no more (ADR 0046)."""
    requests: ReplayRequests = NOTHING_REQUESTED
    """What was asked of the clock about it (ADR 0007)."""

    @property
    def is_erased(self) -> bool:
        """Whether nothing is left of it, and nothing new has begun since."""
        return self.erased_at is not None and self.created_at is None

    @property
    def exists(self) -> bool:
        """Whether something was derived of it that was not erased since."""
        return self.version > 0 and not self.is_erased

    @property
    def gets_no_emails(self) -> bool:
        """Whether our people stopped the emails to it."""
        return self.emails is not None and self.emails.stop

    def beginning(self, others: Iterable[datetime]) -> datetime | None:
        """Return when it began, if other moments belong to it as well: the first of all, but none
        before the person was last erased. What is from then is taken for left over (ADR 0046).
        """
        known = [*others, *([self.created_at] if self.created_at else [])]
        return min((one for one in known if not self._is_gone(one)), default=None)

    def _is_gone(self, at: datetime) -> bool:
        return self.erased_at is not None and at <= self.erased_at

    def takes(self, captured_at: datetime, by: str) -> bool:
        """Return whether what was captured then may count: it was not erased.

        by: the id of the lead through which it comes. A lead that was merged into this one has not
        been erased with it: then its id would not lead here any more.
        """
        return self.erased_at is None or by != self.lead_id or captured_at > self.erased_at

    @property
    def counts_by_replay(self) -> bool:
        """Whether an event cannot be counted by itself: too many are, or a replay is under way."""
        return self.crowded or self.requests.is_under_way

    @property
    def evidence(self) -> Evidence:
        """What a score depends on: what the lead did and said, and from when that counts."""
        since = self.standing.since
        return Evidence(self.profile, self.touches, self.tally, since, self.created_at, self.given)


def find_survivor(read: Callable[[str], Lead], lead_id: str) -> Lead:
    """Return the lead of an id, or the lead that it was merged into. Merges make no circles.

    One whose survivor was erased after the merge was erased with it, and is a lead of its own.
    """
    first = found = read(lead_id)
    while found.merged_into:
        survivor = read(found.merged_into)
        if _is_erased_with(found, survivor):
            # Form against erasure: the job may not have come to this lead yet. What is new begins
            # here, and what is old must not reach a survivor that has begun anew. ADR 0046
            return Lead(
                lead_id=lead_id,
                version=first.version,
                requests=first.requests,
                activation=first.activation,
                erased_at=survivor.erased_at,
            )
        found = survivor
    return found


def _is_erased_with(absorbed: Lead, survivor: Lead) -> bool:
    """Return whether a survivor was erased after it absorbed a lead."""
    if survivor.erased_at is None:
        return False
    return absorbed.updated_at is None or absorbed.updated_at <= survivor.erased_at


def find_known(read: Callable[[str], Lead], lead_id: str) -> Lead:
    """Return the lead of an id that somebody sent us, or its survivor. Raises NotFoundError."""
    found = find_survivor(read, lead_id) if is_lead_id(lead_id) else None
    if found is None or not found.exists:
        raise NotFoundError("there is no such lead")
    return found
