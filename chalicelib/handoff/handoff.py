"""A handoff: one lead in sales' hands, from the decision until it is answered and over (ADR 0067).

Its item stands beside the lead, one for each cycle, and changes in the transaction of the decision
that changes it. What is said of a state here is the one place where it is decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from chalicelib.events import epoch_ms
from chalicelib.leads.acts import ContactHow
from chalicelib.lifecycle.stages import Stage


class HandoffState(StrEnum):
    """Where a handoff stands."""

    HELD = "held"  # nobody was notified: it waits until a person releases it
    OPEN = "open"  # sales was notified, and has not answered
    ACCEPTED = "accepted"  # a salesperson has taken the lead
    CLOSED = "closed"  # over: rejected, taken back, won or lost


class Priority(StrEnum):
    """How soon a salesperson should act (playbook, "Routing and SLA defaults")."""

    P1 = "p1"  # requested, with grade A or B, or ungraded from a company's own domain
    P2 = "p2"  # requested
    P3 = "p3"  # inferred, with grade A
    P4 = "p4"  # inferred


class WhyHeld(StrEnum):
    """Why a handoff waits: for a person (playbook, rule 9), or for the next working day."""

    PUBLISH = "publish"  # another model made it
    IMPORT = "import"  # an import made it
    FULL = "full"  # its owner has no room left that day: the clock releases it on the next one
    OLD = "old"  # it rests on behaviour of more than a week ago


class SlaStep(StrEnum):
    """What the clock of a handoff has done (ADR 0070)."""

    REMINDED = "reminded"  # whoever has the lead
    ESCALATED = "escalated"  # a second person and the manager
    LATE = "late"  # the manager: nobody got in touch in time
    NUDGED = "nudged"  # whoever accepted it, and has not moved it on since
    NUDGED_AGAIN = "nudged_again"  # the manager
    ASKED = "asked"  # whoever has it: what became of it
    ASKED_AGAIN = "asked_again"
    WANTED_AGAIN = "wanted_again"  # whoever rejected it until a day: the day has come


#: What is said of a lead that lies still, and no longer holds once sales has done something.
NUDGES = frozenset({SlaStep.NUDGED, SlaStep.NUDGED_AGAIN})

#: In sales' hands, as a lead's stage.
IN_SALES_HANDS = frozenset({Stage.SQL, Stage.ACCEPTED, Stage.OPPORTUNITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """One handoff."""

    lead_id: str
    cycle: int
    """The lead's cycle in which sales got it; a lead has one handoff in a cycle."""
    kind: str
    """requested or inferred."""
    state: HandoffState
    priority: Priority
    owner: str | None
    """The salesperson's id in the routing document; None when nobody is named there."""
    holder: str | None = None
    """Who stands in for an absent owner and gets the notices; None: the owner does."""
    is_dealt: bool = True
    """Whether routing dealt it out; False for a lead that came to its own owner, and stays."""
    why: str = ""
    """Why it went to them, in words."""
    why_held: WhyHeld | None = None
    """Why it waited, or waits, for a person; None: it never did."""
    about: int
    """The standing's version of the transition that handed it over."""
    created_at: datetime
    opened_at: datetime | None
    """When sales was notified, from which its clock runs; None: not yet."""
    accepted_at: datetime | None = None
    contacted_at: datetime | None = None
    """When sales first called, wrote or booked; None: not yet. Its clock runs until then."""
    tries: int = 0
    """How often sales tried, and reached nobody."""
    tried_at: datetime | None = None
    """When it did so last."""
    touched_at: datetime | None = None
    """When sales last did something with it."""
    steps: Mapping[SlaStep, datetime] = field(default_factory=dict)
    """What its clock did, and when."""
    earlier_owner: str | None = None
    """Who had it before it was dealt out a second time; None: nobody, or it was not."""
    reassigned_to: str | None = None
    """To whom it was dealt out then; None: it was not."""
    handed_to: str | None = None
    """Who got its first notices; None: nobody is named."""
    handed_why: str = ""
    """Why they did, in words."""
    closed_at: datetime | None = None
    again_at: datetime | None = None
    """When whoever rejected it wants to look at the lead again; None: never."""
    due_at: datetime | None = None
    """When the clock looks after it; None: never."""
    version: int = 1
    """Grows with each change: a write holds only on the version that was read."""

    @property
    def receiver(self) -> str | None:
        """The id of whoever gets its notices."""
        return self.holder or self.owner

    @property
    def reassigned_at(self) -> datetime | None:
        """When it was dealt out a second time; None: it was not."""
        return self.steps.get(SlaStep.ESCALATED) if self.reassigned_to else None

    @property
    def late_at(self) -> datetime | None:
        """When it was found that nobody got in touch in time; None: never."""
        return self.steps.get(SlaStep.LATE)


def state_in(stage: Stage, handoff: Handoff) -> HandoffState:
    """Return the state of a handoff whose lead is in a stage."""
    match stage:
        case Stage.SQL:
            # A verdict on a held one may have been undone: it still waits for a person.
            return HandoffState.HELD if handoff.opened_at is None else HandoffState.OPEN
        case Stage.ACCEPTED | Stage.OPPORTUNITY:
            return HandoffState.ACCEPTED
        case _:
            return HandoffState.CLOSED


def brought_to(handoff: Handoff, state: HandoffState, now: datetime) -> Handoff:
    """Return the handoff in a state, with the time of it; itself when it is there already."""
    if handoff.state is state:
        return handoff
    is_accepted = state is HandoffState.ACCEPTED
    # Undone: what was said of the verdict no longer holds.
    is_back = state in (HandoffState.OPEN, HandoffState.HELD)
    accepted_at = now if is_accepted else None if is_back else handoff.accepted_at
    was_contact = is_back and handoff.contacted_at == handoff.accepted_at  # that was the verdict
    return replace(
        handoff,
        state=state,
        accepted_at=accepted_at,
        contacted_at=None if was_contact else handoff.contacted_at,
        touched_at=now if is_accepted else handoff.touched_at,
        closed_at=now if state is HandoffState.CLOSED else None,
        again_at=None,
        due_at=_next_look(handoff, state, now),
        version=handoff.version + 1,
    )


def _next_look(handoff: Handoff, state: HandoffState, now: datetime) -> datetime | None:
    """Return when the clock looks after a handoff that changes: never after its next step."""
    match state:
        case HandoffState.HELD | HandoffState.CLOSED:
            return None
        case HandoffState.OPEN:
            return now  # undone: the clock may be due at once
        case HandoffState.ACCEPTED:
            return handoff.due_at or now
        case _:
            assert_never(state)


def touched(handoff: Handoff, now: datetime) -> Handoff:
    """Return the handoff after sales did something with its lead, so that it does not lie still.

    Itself when it is not in sales' hands.
    """
    if handoff.state not in (HandoffState.OPEN, HandoffState.ACCEPTED):
        return handoff
    steps = {step: at for step, at in handoff.steps.items() if step not in NUDGES}
    due_at = handoff.due_at or now
    version = handoff.version + 1
    return replace(handoff, touched_at=now, steps=steps, due_at=due_at, version=version)


def brought_in_touch(handoff: Handoff, how: ContactHow, at: datetime, now: datetime) -> Handoff:
    """Return the handoff after a salesperson got in touch with its lead, or tried to.

    at: of the event that says so, which may come twice. Itself when nothing is new of it, or when
    it is over.
    """
    if handoff.state is HandoffState.CLOSED:
        return handoff
    if how is not ContactHow.NO_ANSWER:
        if handoff.contacted_at is not None:
            return handoff
        return replace(handoff, contacted_at=now, version=handoff.version + 1)
    if handoff.tried_at is not None and epoch_ms(at) <= epoch_ms(handoff.tried_at):
        return handoff
    tries = handoff.tries + 1
    return replace(handoff, tries=tries, tried_at=at, version=handoff.version + 1)


def newest_of(handoffs: Sequence[Handoff]) -> Handoff | None:
    """Return the handoff of the latest cycle, None when there is none."""
    return max(handoffs, key=lambda one: one.cycle, default=None)
