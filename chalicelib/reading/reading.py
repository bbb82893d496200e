"""The reads behind the private endpoints, each bounded and paged."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from chalicelib.capture.identity import parse_address
from chalicelib.consent.consent import Consent
from chalicelib.days import day_of
from chalicelib.delivery.outbox import OutboxMessage, State
from chalicelib.errors import FieldError, InputError, NotFoundError
from chalicelib.events import Event, rfc3339
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import Lead, find_known
from chalicelib.leads.next_steps import missing
from chalicelib.lifecycle.stages import Recorded, Stage
from chalicelib.limits import LIST_MAX_LEADS
from chalicelib.reading.as_of import parse_day
from chalicelib.reading.cursor import from_cursor, to_cursor
from chalicelib.reading.next_steps import next_shape
from chalicelib.reading.serializers import (
    event_shape,
    lead_shape,
    message_shape,
    outbox_shape,
    transition_shape,
)
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score, interest

PLACE = re.compile(r"[0-9T:.-]{23}Z#[A-Z2-7]{26}#[a-z0-9#_-]{1,300}")  # of a message in the outbox


class Leads(Protocol):
    """Where leads are kept."""

    def read(self, lead_id: str) -> Lead:
        """A lead as it stands; version 0 when nothing was derived of it yet."""

    def read_many(self, lead_ids: Sequence[str]) -> list[Lead]:
        """Leads by their ids."""

    def in_stage(self, stage: Stage, most: int) -> tuple[list[str], bool]:
        """The ids of a stage's leads, best stored score first; and whether there are more."""


class Histories(Protocol):
    """Where a lead's history is kept."""

    def of_lead(self, lead_id: str) -> tuple[list[Event], list[Recorded], list[OutboxMessage]]:
        """A lead's events with those of its visitors, its transitions and its messages."""


class Outbox(Protocol):
    """Where messages are listed."""

    def outbox(
        self, states: Sequence[State], before: str, most: int
    ) -> list[tuple[str, OutboxMessage]]:
        """Messages in these states, newest first, each with its position."""


class Past(Protocol):
    """Where leads are read as they were known."""

    def lead(self, lead_id: str, day: date) -> tuple[Lead, Model]:
        """A lead at the end of a day, and the model that was active then. Raises NotFoundError."""


class Reading:
    """Answers the private endpoints.

    model: the active model as of now, read once for each answer; lead_of: the lead id of an
    address.
    """

    def __init__(
        self,
        leads: Leads,
        histories: Histories,
        outbox: Outbox,
        past: Past,
        consent: Callable[[str], Consent],
        model: Callable[[], Model],
        lead_of: Callable[[str], str],
        now: Callable[[], datetime],
    ) -> None:
        self._leads, self._histories, self._outbox, self._past = leads, histories, outbox, past
        self._consent, self._model, self._lead_of, self._now = consent, model, lead_of, now

    def lead(self, lead_id: str, as_of: str | None = None) -> dict[str, Any]:
        """One lead with its reasons as of today, and what would move it on; or as it was known at
        the end of a day.

        Raises NotFoundError; InputError for a day that cannot be read.
        """
        now = self._now()
        model = self._model()
        today = day_of(now, model.zone)
        if as_of is not None and (day := parse_day(as_of, today, model.zone)) != today:
            return self._lead_then(lead_id, day)
        lead = self._known(lead_id)
        shape = self._shape(model, lead, score_of(model, lead, today), reasons=True)
        return shape | {"next": next_shape(missing(model, lead, now), today)}

    def leads_by_email(self, email: str) -> dict[str, Any]:
        """The lead of an address in a list of at most one. Raises InputError for what is no
        address.
        """
        try:
            lead_id = self._lead_of(parse_address(email))
        except ValueError as error:
            raise InputError(FieldError("email", str(error))) from None
        try:
            lead = self._known(lead_id)
        except NotFoundError:
            return {"leads": [], "next_cursor": None}
        model = self._model()
        today = day_of(self._now(), model.zone)
        found = self._shape(model, lead, score_of(model, lead, today), reasons=False)
        return {"leads": [found], "next_cursor": None}

    def leads_in_stage(self, stage: str, limit: int, cursor: str | None) -> dict[str, Any]:
        """A page of a stage's leads, best score first as of the day on which the first page was
        read.

        Exact up to 2,000 leads of a stage; above that of the 2,000 best stored, marked as
        truncated.
        """
        if stage not in set(Stage):
            raise InputError(FieldError("stage", f"must be one of {', '.join(Stage)}"))
        model = self._model()
        day, after = day_of(self._now(), model.zone), None
        if cursor:
            day_text, total, lead_id = from_cursor(cursor, (str, int, str))
            day, after = _day(day_text), (-total, lead_id)
        ids, truncated = self._leads.in_stage(Stage(stage), LIST_MAX_LEADS)
        scored = [(score_of(model, lead, day), lead) for lead in self._leads.read_many(ids)]
        # the index is a moment behind: a lead may have left the stage, or turned out to be another
        scored = [
            pair
            for pair in scored
            if pair[1].standing.stage is Stage(stage) and not pair[1].merged_into
        ]
        ranked = sorted(
            ((-one.total, lead.lead_id, one, lead) for one, lead in scored), key=lambda row: row[:2]
        )
        left = [row for row in ranked if after is None or row[:2] > after]
        page = left[:limit]
        more = len(left) > limit
        last = page[-1] if more else None
        return {
            "leads": [self._shape(model, lead, one, reasons=False) for _, _, one, lead in page],
            "next_cursor": to_cursor([day.isoformat(), -last[0], last[1]]) if last else None,
        } | ({"truncated": True} if truncated else {})

    def timeline(self, lead_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
        """A page of what happened to a lead. Pages run by the order of capture and are stable;
        within a page the newest is first. Raises NotFoundError.
        """
        events, transitions, outbox = self._histories.of_lead(self._known(lead_id).lead_id)
        rows = [((rfc3339(event.captured_at), event.id), event_shape(event)) for event in events]
        rows += [
            ((shape["at"], shape["id"]), shape) for shape in map(transition_shape, transitions)
        ]
        rows += [((shape["at"], shape["id"]), shape) for shape in map(message_shape, outbox)]
        rows.sort(key=lambda row: row[0], reverse=True)
        if cursor:
            before = tuple(from_cursor(cursor, (str, str)))
            rows = [row for row in rows if row[0] < before]
        page, more = rows[:limit], len(rows) > limit
        items = sorted((shape for _, shape in page), key=lambda shape: shape["at"], reverse=True)
        return {"items": items, "next_cursor": to_cursor(list(page[-1][0])) if more else None}

    def outbox(self, state: str | None, limit: int, cursor: str | None) -> dict[str, Any]:
        """A page of messages, newest first, of one state or of all."""
        if state is not None and state not in set(State):
            raise InputError(FieldError("state", f"must be one of {', '.join(State)}"))
        before = from_cursor(cursor, (str,))[0] if cursor else ""
        if before and not PLACE.fullmatch(before):
            raise InputError(FieldError("cursor", "is not one that this list gave out"))
        found = self._outbox.outbox([State(state)] if state else list(State), before, limit + 1)
        page = found[:limit]
        return {
            "items": [outbox_shape(message) for _, message in page],
            "next_cursor": to_cursor([page[-1][0]]) if len(found) > limit else None,
        }

    def _known(self, lead_id: str) -> Lead:
        """The lead of an id; of one that turned out to be another, that other."""
        return find_known(self._leads.read, lead_id)

    def _lead_then(self, lead_id: str, day: date) -> dict[str, Any]:
        """A lead as it was known at the end of a day. What we may write to it, its owner and its
        next review were never kept by day: they are null.
        """
        lead, model = self._past.lead(lead_id, day)
        one = score_of(model, lead, day)
        return lead_shape(lead, one, Consent(), interest(model, one), reasons=True) | {"next": None}

    def _shape(self, model: Model, lead: Lead, one: Score, *, reasons: bool) -> dict[str, Any]:
        recounting = lead.matching != model.matching
        consent, topic = self._consent(lead.lead_id), interest(model, one)
        return lead_shape(lead, one, consent, topic, reasons=reasons, recounting=recounting)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(FieldError("cursor", "is not one that this list gave out")) from None
