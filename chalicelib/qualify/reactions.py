"""What follows from a decision: every room that has to react is asked, and answers with a plan.

A decision does not know who follows from it: `wiring/reactions.py` lists the reactions, and
`qualify` writes the sum of their plans in the transaction of the decision (ADR 0023).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.delivery.counts import Count
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import AlreadyPlannedError
from chalicelib.events import Event
from chalicelib.leads.lead import Lead, Notified, NotifiedAbout
from chalicelib.leads.records import Record
from chalicelib.leads.request_counts import RequestCounts
from chalicelib.lifecycle.stages import Transition
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score


class Cause(StrEnum):
    """Why a lead is decided on. What comes in floods announces nothing by itself (rule 9)."""

    NEWS = "news"  # an event, a day, a person's word
    PUBLISH = "publish"  # another model: handoffs and emails are held
    IMPORT = "import"  # handoffs are held, and no emails go out
    MERGE = "merge"  # two leads became one: what the other one asked for was announced already
    SILENT = "silent"  # nothing is announced


@dataclass(frozen=True, slots=True)
class Moved:
    """A transition that happened."""

    transition: Transition
    score: Score  # that explains it
    at: datetime
    version: int
    """The version of the standing that it made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything a reaction may look at. It decides without writing."""

    model: Model
    before: Lead  # without what is new
    after: Lead
    moved: Sequence[Moved]
    """The transitions of this decision, in order; mostly none."""
    score: Score
    events: Sequence[Event]
    """What this decision took in; empty when only time has passed."""
    cause: Cause
    now: datetime
    absorbed: Lead | None = None
    """The lead that turned out to be this one, as it was."""
    lost: int = 0
    """How often it was written, and only what many decisions share was changed (ADR 0074)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a reaction wants. It is written with the decision, or not at all."""

    messages: Sequence[OutboxMessage] = ()
    changed: Sequence[tuple[OutboxMessage, OutboxMessage]] = ()
    """Messages that are taken back, or brought forward: each before and after."""
    records: Sequence[Record] = ()
    counts: Sequence[Count] = ()
    owner: str | None = None
    """The lead's new owner; None leaves the one it has."""
    asked: RequestCounts | None = None
    """The lead's requests as its counts say; None leaves them as they are."""
    notified: Sequence[Notified] = ()
    """What sales is notified about by these messages, so that it is not said again."""

    def __add__(self, other: "Plan") -> "Plan":
        """Return both plans as one. The later owner wins."""
        if self is NO_PLAN or other is NO_PLAN:  # what most events come to
            return other if self is NO_PLAN else self
        return Plan(
            messages=[*self.messages, *other.messages],
            changed=[*self.changed, *other.changed],
            records=[*self.records, *other.records],
            counts=[*self.counts, *other.counts],
            owner=other.owner or self.owner,
            asked=self.asked if other.asked is None else other.asked,
            notified=[*self.notified, *other.notified],
        )

    def without(self, planned: AlreadyPlannedError) -> "Plan":
        """Return the plan without what an earlier decision of the same cycle planned already."""
        return replace(
            self,
            messages=[one for one in self.messages if str(one.key) not in planned.messages],
            records=[one for one in self.records if one.key not in planned.records],
        )

    def caused_by(self, events: Sequence[Event], trace: str | None) -> "Plan":
        """Return the plan with its messages marked by what caused them (ADR 0031)."""
        if not self.messages:  # what most events come to
            return self
        captured_at = max((event.captured_at for event in events), default=None)
        marked = [replace(one, captured_at=captured_at, trace=trace) for one in self.messages]
        return replace(self, messages=marked)

    @property
    def writes(self) -> int:
        """How many writes of the decision's transaction it takes."""
        counted = {one.sequence for one in self.counts}
        return sum(map(len, (self.messages, self.changed, self.records, counted)))


Reaction = Callable[[Situation], Plan]
NO_PLAN = Plan()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadChange:
    """What is written with a lead, in its own transaction."""

    moved: Sequence[Moved] = ()
    plan: Plan = NO_PLAN
    events: Sequence[Event] = ()
    """What a person did: stored here, so that its own stream record finds it counted."""
    absorbed: tuple[Lead, Lead] | None = None
    """The lead that turned out to be this one, before and after."""


NO_CHANGE = LeadChange()


def carry_out(lead: Lead, plan: Plan) -> Lead:
    """Return the lead with the owner, the requests and the notifications of a plan.

    Notifications of an earlier cycle are forgotten: in a new one everything may be said again. So
    is the day before, of what is said once a day.
    """
    standing = lead.standing
    if plan.owner is not None:
        standing = replace(standing, owner=plan.owner)
    daily = {one.about for one in plan.notified} - {NotifiedAbout.DISQUALIFIED}
    ours = (one for one in lead.notified if one.cycle == standing.cycle)
    kept = [one for one in ours if one.about not in daily]
    notified = tuple(dict.fromkeys([*kept, *plan.notified]))
    asked = lead.asked if plan.asked is None else plan.asked
    return replace(lead, standing=standing, notified=notified, asked=asked)
