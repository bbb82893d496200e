"""What a lead would get of a sequence, as a rehearsal shows it (ADR 0065)."""

from typing import TYPE_CHECKING, Any

from chalicelib.delivery.outbox import OPEN, MessageState, OutboxMessage, released
from chalicelib.errors import NotFoundError, StateError
from chalicelib.nurture.conditions import holds
from chalicelib.nurture.enrolment import Enrolment, ExitReason, belongs_to
from chalicelib.nurture.foreseen import (
    NEVER_ENTERED,
    Belonging,
    Foreseen,
    ForeseenEmail,
    HeldUp,
    Membership,
    assumed,
    say_way_in,
)
from chalicelib.nurture.pauses import pauses_of
from chalicelib.nurture.sending import EVERYTHING
from chalicelib.nurture.sequences import SequenceDocument
from chalicelib.reading.turns import EXIT_WORDS
from chalicelib.store import keys
from chalicelib.store.enrolments import enrolment_of
from chalicelib.store.outbox_items import message_of
from chalicelib.telemetry import rehearsing
from chalicelib.wiring.rehearsal import Rehearsal

if TYPE_CHECKING:
    from chalicelib.leads.lead import Lead
    from chalicelib.store.table import Item
    from chalicelib.wiring.ports import Ports

AUTHOR = "preview"


def foresee(ports: "Ports", sequence_id: str, lead_id: str) -> "tuple[Foresight, Foreseen]":
    """Return what a lead would get of a sequence if nothing happened from now on.

    Raise NotFoundError; StateError for a sequence that a later version wrote.
    """
    with rehearsing():
        found = Foresight(ports, sequence_id, lead_id)
        return found, found.foresee()


class Foresight:
    """One preview of one sequence for one lead."""

    def __init__(self, ports: "Ports", sequence_id: str, lead_id: str) -> None:
        from chalicelib.leads.lead import find_known

        self._id = sequence_id
        self._rehearsal = Rehearsal(ports)
        self.world = self._rehearsal.world
        self.began_at = self._rehearsal.ports.began_at
        self.lead = find_known(self.world.leads.read, lead_id)
        self.is_active = self._switched_on()
        is_stored, sequence = self.world.sequences.one(sequence_id)
        if not is_stored:
            raise NotFoundError(f"there is no sequence {sequence_id}")
        if sequence is None:
            raise StateError("a later version of Baton wrote the sequence; it begins for nobody")
        self.sequence: SequenceDocument = sequence
        self._emails: dict[str, ForeseenEmail] = {}
        self._enrolment: Enrolment | None = None

    def foresee(self) -> Foreseen:
        """Return what the lead would get."""
        paused = self._resumed()
        entry = self._entry()
        if entry.state is Belonging.RUNNING:
            self._enrolment = entry.enrolment
            paused = self._released() or paused
        elif entry.state is Belonging.WOULD_ENTER or entry.reason == NEVER_ENTERED:
            self._enter()
        if self._enrolment is not None:
            self._play()
        is_known = self._enrolment is not None and not self._enrolment.is_running
        return Foreseen(
            entry=entry,
            emails=list(self._emails.values()),
            end=self._enrolment if is_known else None,
            paused=paused,
        )

    # --- before it begins -------------------------------------------------------------------------

    def _switched_on(self) -> bool:
        """Let the sequence be active in the rehearsal, so that it can be looked at before anybody
        gets it. Return whether it is.
        """
        import json

        table = self._rehearsal.ports.copy
        item = table.get(keys.config("sequence"), self._id)
        if item is None or item.get("deleted"):
            raise NotFoundError(f"there is no sequence {self._id}")
        document = json.loads(str(item["document"]))
        is_active = bool(document.get("active", True))
        if not is_active:
            from chalicelib.store.table import GUARDED, Put

            text = json.dumps({**document, "active": True})
            table.write(Put({**item, "document": text}, GUARDED))
        return is_active

    def _resumed(self) -> dict[str, Any] | None:
        """Let what is paused go on in the rehearsal. Return what it was."""
        found = None
        states = self.world.sending.states()
        for one in (EVERYTHING, self._id):
            state = states.get(one)
            if state is not None and state.is_paused:
                self.world.sending.resume(one, reason=AUTHOR, author=AUTHOR)
                found = found or {"of": one, "cause": state.cause, "reason": state.reason}
        return found

    def _released(self) -> dict[str, Any] | None:
        """Let what a publish holds leave in the rehearsal. Return what holds it."""
        for one in self.world.leads.messages(self.lead.lead_id):
            if one.state is MessageState.HELD and self._is_ours(one):
                self.world.outbox.save(one, released(one, self.began_at))
                reason = "a person has to release the emails of the job that holds them"
                return {"of": one.held_by, "cause": "publish", "reason": reason}
        return None

    def _entry(self) -> Membership:
        known = self.world.enrolments.of_lead(self.lead.lead_id)
        ours = sorted(
            (one for one in known if one.sequence == self._id), key=lambda one: one.entered_at
        )
        running = [one for one in ours if one.is_running]
        if running and self.is_active:
            return Membership(state=Belonging.RUNNING, enrolment=running[-1])
        if running:
            text = "the sequence is not active: it ends for the lead at the next look"
            reason = ExitReason.SWITCHED_OFF.value
            return Membership(
                state=Belonging.ENDED, enrolment=running[-1], reason=reason, text=text
            )
        last = ours[-1] if ours else None
        why = self.world.by_hand.why_not(self.lead, self.sequence)
        if last is not None and last.cycle == self.lead.standing.cycle and last.ended:
            goal = f" ({last.goal})" if last.goal else ""
            text = why.words if why else f"the lead left it: {EXIT_WORDS[last.ended]}{goal}"
            reason = last.ended.value
            return Membership(state=Belonging.ENDED, enrolment=last, reason=reason, text=text)
        if why is None and self.world.fits(self.sequence, self.lead, self.began_at):
            once = None if self.is_active else "it would enter once the sequence is active"
            return Membership(state=Belonging.WOULD_ENTER, text=once)
        if why is not None:
            return Membership(state=Belonging.NOT_IN, reason=why.reason, text=why.words)
        ways = "; or ".join(map(say_way_in, self.sequence.enter))
        text = (
            f"the lead enters it by {ways}; the steps are those that it would get if it entered now"
        )
        return Membership(state=Belonging.NOT_IN, reason=NEVER_ENTERED, text=text)

    def _enter(self) -> None:
        self.world.by_hand.start(self.lead.lead_id, self._id)
        known = self.world.enrolments.of_lead(self.lead.lead_id)
        self._enrolment = next(one for one in known if one.sequence == self._id and one.is_running)

    # --- what happens then ------------------------------------------------------------------------

    def _play(self) -> None:
        assert self._enrolment is not None
        on_way = self._enrolment.on_way
        for one in self.world.leads.messages(self.lead.lead_id):
            if str(one.key) == on_way and one.state in OPEN and self._is_ours(one):
                self._see(one)
        for changed in self._rehearsal.play(self.lead.lead_id):
            self._look(changed)
            if not self._enrolment.is_running:
                return

    def _look(self, changed: "list[Item]") -> None:
        """Take in what one thing that was due has changed."""
        sent = {one.reference: one for one in self._rehearsal.ports.outbox}
        self._rehearsal.ports.outbox.clear()
        for item in changed:
            sort_key = str(item["sk"])
            if sort_key.startswith(keys.ENROL):
                one = enrolment_of(item)
                if self._enrolment is not None and one.key == self._enrolment.key:
                    self._enrolment = one
        for item in changed:
            if str(item["sk"]).startswith(keys.OUTBOX):
                message = message_of(item)
                if self._is_ours(message):
                    self._see(message)
                    email = sent.get(message.id)
                    known = self._emails[str(message.key)]
                    known.sent = email or known.sent

    def _is_ours(self, message: OutboxMessage) -> bool:
        one = self._enrolment
        is_step = message.kind.is_marketing and message.sequence == self._id
        return one is not None and is_step and belongs_to(message.key) == one.key

    def _see(self, message: OutboxMessage) -> None:
        now = self._rehearsal.ports.at
        known = self._emails.get(str(message.key))
        if known is None:
            step = message.key.parts[1]
            known = ForeseenEmail(step=step, message=message, decided_at=now)
            self._emails[str(message.key)] = known
            known.assumed = self._assumed(message, step)
        known.message = message
        known.decided_at = message.claimed_at or now
        if message.state is MessageState.PLANNED and message.reason and message.due_at:
            if not known.held or known.held[-1].reason is not message.reason:
                known.held.append(HeldUp(reason=message.reason, since=now, until=message.due_at))
            else:
                last = known.held.pop()
                since = last.since
                known.held.append(HeldUp(reason=message.reason, since=since, until=message.due_at))

    def _assumed(self, message: OutboxMessage, step_id: str) -> Any:
        step = self.sequence.step(step_id)
        if step is None or step.if_ is None or self._enrolment is None:
            return None
        now = message.created_at
        pauses = pauses_of(self.world.sending.states(), self._id)
        lead: Lead = self.world.leads.read(self.lead.lead_id)
        at = self.world.course.circumstances(self._enrolment, lead, pauses, now)
        is_met = holds(step.if_, at.known())
        return assumed(step, self.sequence, message, holds=is_met)
