"""A salesperson's verdict on a handoff: accept, reject with a reason, undo.

It is the person's event on the lead, with the move that it makes. What is kept of it beside the
lead, and what follows, is the handoff room's reaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

from chalicelib.commands.commands import Commands
from chalicelib.errors import StateError
from chalicelib.events import Act, Event, Value
from chalicelib.leads.acts import (
    ACT_BY,
    CONTACT_HOW,
    VERDICT_ATTEMPTS,
    VERDICT_CYCLE,
    VERDICT_FORM,
    VERDICT_NOTE,
    VERDICT_REASON,
    VERDICT_SAID,
    VERDICT_UNTIL,
    VERDICT_WHO,
    ContactHow,
)
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.lifecycle.verdicts import (
    SAY_NOTHING_OF_RULES,
    RejectReason,
    SalesVerdict,
    target_of,
)
from chalicelib.qualify.reactions import Cause, LeadChange
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a lead is not taken, as far as it was said."""

    reason: RejectReason
    until: date | None = None
    """The day on which the salesperson wants to look at it again."""
    who: str = ""
    """Who is the right person; of a duplicate the address of the other lead."""
    note: str = ""
    attempts: int | None = None
    """How often they tried to reach the person."""


class VerdictCommands:
    """Takes verdicts. Each raises NotFoundError, and StateError for a lead that does not wait for
    one: somebody else was first, or it was taken back.

    form_of: returns the form that a lead sent last, if it sent one.
    """

    def __init__(
        self, *, commands: Commands, form_of: Callable[[str], str | None], runtime: Runtime
    ) -> None:
        self._commands = commands
        self._form_of = form_of
        self.runtime = runtime

    @until_written
    def accept(self, lead_id: str, cycle: int, by: str, *, how: ContactHow | None = None) -> Lead:
        """Take a lead. cycle: that of the handoff; by: the salesperson's id; how: in which way they
        get in touch at once, None: not yet.
        """
        lead = self._waiting(lead_id, cycle)
        events = [self._event(lead, SalesVerdict.ACCEPT, cycle, by)]
        if how is not None:
            acts = self._commands.acts
            events.append(acts.event(lead.lead_id, Act.CONTACT, {CONTACT_HOW: how.value}))
        return self._given(lead, events, Stage.ACCEPTED, "accepted by sales")

    @until_written
    def reject(self, lead_id: str, cycle: int, by: str, rejection: Rejection) -> Lead:
        """Do not take a lead; where it goes depends on the reason."""
        lead = self._waiting(lead_id, cycle)
        event = self.rejection_event(lead, cycle, by, rejection)
        reason = rejection.reason
        return self._given(lead, [event], target_of(reason), reason.value, rejection.until)

    @until_written
    def undo(self, lead_id: str, cycle: int, by: str) -> Lead:
        """Take a verdict of the last ten minutes back."""
        commands = self._commands
        lead = commands.acts.known(lead_id)
        undone = commands.undone(lead, "the verdict was taken back")
        if undone is None or undone.cycle != cycle:
            raise StateError("this verdict can no longer be taken back")
        event = self._event(lead, SalesVerdict.UNDO, cycle, by)
        counted = commands.acts.counted(lead, event)
        return commands.acts.conclude(lead, counted, event, [undone], Cause.SILENT)

    def rejection_event(self, lead: Lead, cycle: int, by: str, rejection: Rejection) -> Event:
        """Return the event of a rejection."""
        reason = rejection.reason
        form = self._form_of(lead.lead_id) if reason in SAY_NOTHING_OF_RULES else None
        said: dict[str, Value | None] = {
            VERDICT_REASON: reason.value,
            VERDICT_UNTIL: rejection.until.isoformat() if rejection.until else None,
            VERDICT_WHO: rejection.who or None,
            VERDICT_NOTE: rejection.note or None,
            VERDICT_ATTEMPTS: rejection.attempts,
            VERDICT_FORM: form,
        }
        known = {name: value for name, value in said.items() if value is not None}
        return self._event(lead, SalesVerdict.REJECT, cycle, by, **known)

    def _event(
        self, lead: Lead, verdict: SalesVerdict, cycle: int, by: str, **said: Value
    ) -> Event:
        facts = {VERDICT_SAID: verdict.value, VERDICT_CYCLE: cycle, ACT_BY: by, **said}
        return self._commands.acts.event(lead.lead_id, Act.VERDICT, facts)

    def _waiting(self, lead_id: str, cycle: int) -> Lead:
        """Return the lead if it waits for a verdict on this handoff."""
        lead = self._commands.acts.known(lead_id)
        standing = lead.standing
        is_same = lead.lead_id == lead_id and standing.cycle == cycle
        if not is_same or standing.stage is not Stage.SQL:
            raise StateError("this handoff no longer waits for a verdict")
        return lead

    def _given(
        self,
        lead: Lead,
        events: Sequence[Event],
        target: Stage,
        why: str,
        until: date | None = None,
    ) -> Lead:
        """Write a verdict with its move. Tap against tap: the standing's version decides."""
        acts = self._commands.acts
        counted = reduce(acts.counted, events, lead)
        moved = self._commands.moved(counted, target, why, rest_until=until)
        also = LeadChange(events=events)
        return acts.qualify.conclude(lead, counted, moves=[moved], also=also)
