"""Choosing: which emails a person wants, and taking that back (ADR 0063)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.consent.choice import Choice, Wanted
from chalicelib.consent.consent import SuppressionReason
from chalicelib.consent.unsubscribe import AboutEmail
from chalicelib.consent.way_out import UNDO_WITHIN, Undo, WayOut
from chalicelib.events import (
    RETRACTED_IDS,
    Act,
    Event,
    Kind,
    Value,
    lead_partition,
    own_event_id,
)
from chalicelib.mail_events import CHOSEN_FEWER, CHOSEN_TOPICS, MailEvent
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import until_written


class ChoiceStore(Protocol):
    """Where choices are kept. Each write raises ConflictError when another writer was first."""

    def of_lead(self, lead_id: str) -> tuple[SuppressionReason | None, Choice]:
        """Return why nothing is sent to a lead, None when it may be; and what was chosen for the
        mailbox of its own address.
        """

    def choose(self, lead_id: str, wanted: Wanted, event: Event, now: datetime) -> None:
        """Keep what somebody chose, and append the event that says so."""

    def take_choice_back(self, undo: Undo, event: Event) -> bool:
        """Bring back what was wanted before; False when that choice is not the last one."""

    def take_unsubscribe_back(self, undo: Undo, event: Event, now: datetime) -> bool:
        """Take an unsubscribe back, and retract its event; False when it stands no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentWish:
    """What a person gets now."""

    suppressed: SuppressionReason | None
    """Why they get nothing at all; None: they get what they want."""
    wanted: Wanted

    @property
    def gets_nothing(self) -> bool:
        """Whether the person said so, by an unsubscribe or a complaint."""
        return self.suppressed is not None and self.suppressed.follows_person


class Choosing:
    """Takes choices, and takes them back. about: says of which email a way out is."""

    def __init__(
        self,
        *,
        store: ChoiceStore,
        about: AboutEmail,
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._about = about
        self.runtime = runtime

    def look(self, way_out: WayOut) -> CurrentWish:
        """Return what a person gets now. Write nothing."""
        suppressed, choice = self._store.of_lead(way_out.lead_id)
        return CurrentWish(suppressed=suppressed, wanted=choice.wanted)

    @until_written
    def choose(self, way_out: WayOut, wanted: Wanted) -> Undo | None:
        """Keep which emails a person wants. Return what takes it back; None where nothing changed.

        Whoever gets nothing does not get some of it by this: that needs a confirmed request.
        Raise ConflictError when it does not stand.
        """
        standing = self.look(way_out)
        if standing.gets_nothing or standing.wanted == wanted:
            return None
        now = self.runtime.now()
        event = self._event(way_out, wanted, now)
        self._store.choose(way_out.lead_id, wanted, event, now)
        return Undo(way_out=way_out, at=now, event_id=event.id, is_unsubscribe=False)

    @until_written
    def undo(self, undo: Undo) -> bool:
        """Take back exactly one choice, within ten minutes. Return whether it is taken back.

        What a complaint, a bounce or a later choice said meanwhile stays. Raise ConflictError.
        """
        now = self.runtime.now()
        if now - undo.at > UNDO_WITHIN:
            return False
        if undo.is_unsubscribe:
            event = self._retraction(undo, now)
            is_done = self._store.take_unsubscribe_back(undo, event, now)
        else:
            _, choice = self._store.of_lead(undo.way_out.lead_id)
            event = self._event(undo.way_out, choice.before, now)
            is_done = self._store.take_choice_back(undo, event)
        if is_done:
            log("choice_undone", lead_id=undo.way_out.lead_id)
        return is_done

    def _event(self, way_out: WayOut, wanted: Wanted, now: datetime) -> Event:
        """Return the event of a choice."""
        partition = lead_partition(way_out.lead_id)
        topics = {CHOSEN_TOPICS: " ".join(sorted(wanted.topics))} if wanted.topics else {}
        facts: dict[str, Value] = {**topics, CHOSEN_FEWER: wanted.fewer, **self._about(way_out)}
        return Event(
            partition=partition,
            id=own_event_id(partition, now, self.runtime.new_id()),
            kind=Kind.MAIL,
            name=MailEvent.CHOSE.value,
            at=now,
            captured_at=now,
            properties=facts,
        )

    def _retraction(self, undo: Undo, now: datetime) -> Event:
        """Return the event that takes the one of an unsubscribe out of the score."""
        partition = lead_partition(undo.way_out.lead_id)
        return Event(
            partition=partition,
            id=own_event_id(partition, now, f"undo/{undo.event_id}"),
            kind=Kind.PERSON,
            name=Act.RETRACTED.value,
            at=now,
            captured_at=now,
            properties={RETRACTED_IDS: undo.event_id, "reason": "taken back by the person"},
        )
