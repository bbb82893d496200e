"""What people do with spam: release a screened form, which then counts as if it came now."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.capture.screening.kept import KeptForm
from chalicelib.commands.acts import Acts
from chalicelib.errors import FieldError, InputError, LongReplayError, NotFoundError
from chalicelib.events import RETRACTED_IDS, Act, Event, is_lead_id, lead_id_of
from chalicelib.leads.histories import EventHistory, survey
from chalicelib.leads.lead import Lead
from chalicelib.limits import RELEASE_MAX_FORMS
from chalicelib.qualify.qualify import Qualify
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written

GONE = "this form is no longer kept"


class SpamSource(Protocol):
    """Where screened forms are kept."""

    def of_lead(self, lead_id: str, most: int) -> list[KeptForm]:
        """Return the newest screened forms of an address's lead that nobody has released."""

    def one(self, lead_id: str, event_id: str) -> KeptForm | None:
        """Return one screened form, or None."""


class Releases:
    """Releases screened forms.

    release: writes what a screened form does, with the act that releases it, and returns its
    events; it raises ConflictError when the form was released, or erased, before.
    """

    def __init__(
        self,
        *,
        qualify: Qualify,
        spam: SpamSource,
        events: EventHistory,
        release: Callable[[KeptForm, Event], list[Event]],
        runtime: Runtime,
    ) -> None:
        self._qualify = qualify
        self._spam = spam
        self._events = events
        self._release = release
        self._acts = Acts(qualify=qualify, runtime=runtime)
        self.runtime = runtime

    def release(self, lead_id: str, event_ids: Sequence[str] | None, note: str) -> Lead:
        """Release screened forms of a lead, all that wait when no ids are given.

        What was released before stays so. Raise NotFoundError; InputError for an id that is not
        that of a screened form of this lead.
        """
        kept = self._kept(lead_id, event_ids)
        for one in kept:
            self._released(one, note)
        return self._acts.known(lead_id)

    def _kept(self, lead_id: str, event_ids: Sequence[str] | None) -> list[KeptForm]:
        """Return the forms that are asked for, oldest first: the newest then says the last word."""
        lead_ids = self._lead_ids(lead_id)
        if event_ids is None:
            every = [
                one for each in lead_ids for one in self._spam.of_lead(each, RELEASE_MAX_FORMS)
            ]
            return _in_order(every)[-RELEASE_MAX_FORMS:]
        found = {
            one: next((kept for each in lead_ids if (kept := self._spam.one(each, one))), None)
            for one in event_ids
        }
        if not any(found.values()) and not self._spam.of_lead(lead_id, 1):
            self._acts.known(lead_id)  # of a lead that does not exist, that is what is wrong
        words = "is not a screened form of this lead; see GET /v1/leads?stage=spam"
        wrong = [
            FieldError(f"event_ids.{position}", words)
            for position, one in enumerate(event_ids)
            if found[one] is None
        ]
        if wrong:
            raise InputError(*wrong)
        return _in_order(one for one in found.values() if one is not None)

    def _lead_ids(self, lead_id: str) -> list[str]:
        """Return a lead and those that were merged into it: spam stays with its own address."""
        if not is_lead_id(lead_id):
            raise NotFoundError("there is no such lead")
        try:
            return survey(self._events, lead_id).lead_ids
        except LongReplayError:
            return [lead_id]

    def _released(self, kept: KeptForm, note: str) -> None:
        """Release one form, and count it at once, as its stream record would.

        The record then finds it counted; where this fails, the record counts it.
        """
        if kept.released_at is not None:
            return
        lead_id = lead_id_of(kept.event.partition) or ""
        events = self._written(lead_id, kept.event.id, note)
        self._qualify.captured(lead_id, events)
        if events and not self._qualify.derive.lead(lead_id).version:
            self._qualify.replay(lead_id)  # only a replay can tell what its browsers did

    @until_written
    def _written(self, lead_id: str, event_id: str, note: str) -> list[Event]:
        # Release against release, and against an erasure: what is there now decides.
        kept = self._spam.one(lead_id, event_id)
        if kept is None:
            raise NotFoundError(GONE)
        if kept.released_at is not None:
            return []
        facts = {RETRACTED_IDS: event_id, **({"reason": note} if note else {})}
        act = self._acts.event(lead_id, Act.RELEASED, facts)
        # Release against erasure: the act has its time before the lead is read, so that an erasure
        # that is not seen here comes after it, and drops what it releases. ADR 0046
        if not self._qualify.derive.lead(lead_id).takes(kept.event.captured_at, lead_id):
            raise NotFoundError(GONE)
        return self._release(kept, act)


def _in_order(kept: Iterable[KeptForm]) -> list[KeptForm]:
    """Return forms as they came."""
    return sorted(kept, key=_place)


def _place(kept: KeptForm) -> tuple[datetime, str]:
    return kept.event.captured_at, kept.event.id
