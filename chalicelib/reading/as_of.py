"""A lead as it was known at the end of a past day: derived anew from what was captured by then.

A day ends in the time zone that was in force on it, so that it reads as it was read (ADR 0025).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Protocol

from chalicelib.days import end_of, name_of
from chalicelib.errors import FieldError, InputError, NotFoundError
from chalicelib.events import is_lead_id
from chalicelib.leads.derivation import at_once, refusing
from chalicelib.leads.histories import EventHistory, survey
from chalicelib.leads.lead import Lead
from chalicelib.leads.progress import begin
from chalicelib.leads.replaying import Replaying
from chalicelib.lifecycle.stages import Recorded, Standing, standing_after
from chalicelib.limits import HORIZON_DAYS, REPLAY_AT_ONCE_MAX_EVENTS
from chalicelib.scoring.model import Model

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


TOO_LONG = (
    f"the lead has more than {REPLAY_AT_ONCE_MAX_EVENTS:,} events, too many to derive a past day of"
    " it in a request; its timeline has what happened by then"
)


class PastLeadReader(Protocol):
    """Where leads are kept."""

    def read(self, lead_id: str) -> Lead:
        """A lead as it stands; version 0 when nothing was derived of it yet."""

    def transitions(self, lead_id: str, newest: int | None = None) -> list[Recorded]:
        """A lead's transitions, the newest first."""


class Past:
    """Reads leads as they were known.

    model_on: returns the model active at the end of a day, and when the day ended; or None.
    """

    def __init__(
        self,
        leads: PastLeadReader,
        events: EventHistory,
        model_on: Callable[[date], tuple[Model, datetime] | None],
    ) -> None:
        self._leads, self._events, self._model_on = leads, events, model_on

    def lead(self, lead_id: str, day: date) -> tuple[Lead, Model]:
        """A lead at the end of a day, and the model that was active then. Who owned it then, and
        when it was to be looked at again, is not known.

        An id that another lead took over since is that other lead only from then on. Raises
        NotFoundError for an unknown id, for a lead of whom nothing was known then, and when no
        model was active; LongReplayError.
        """
        with refusing(TOO_LONG):
            return self._lead(lead_id, day)

    def _lead(self, lead_id: str, day: date) -> tuple[Lead, Model]:
        model, end = self._model_on(day) or (None, end_of(day, UTC))
        lead = self._by_then(lead_id, end) if is_lead_id(lead_id) else None
        if lead is None or not lead.exists:
            raise NotFoundError("there is no such lead")
        known = survey(self._events, lead.lead_id, end)
        if known.began_at is None:
            raise NotFoundError(f"nothing was known of this lead on {day.isoformat()} yet")
        if model is None:
            raise NotFoundError(f"no scoring model was active on {day.isoformat()} yet")
        unknown = replace(
            lead,
            standing=self._standing(lead, known.lead_ids[1:], end),
            review_on=None,
            created_at=known.began_at,  # it may have begun earlier since, by a merge
            updated_at=None,
        )
        progress = begin(unknown, model, end)
        replaying = Replaying(
            events=self._events, model=model, lead=unknown, progress=progress, captured_by=end
        )
        return replace(at_once(replaying), replayed_at=lead.replayed_at), model

    def _by_then(self, lead_id: str, end: datetime) -> Lead:
        """The lead that an id stood for at a time."""
        lead = self._leads.read(lead_id)
        while lead.merged_into and self._is_merged(lead.lead_id, lead.merged_into, end):
            lead = self._leads.read(lead.merged_into)
        return lead

    def _is_merged(self, lead_id: str, into: str, end: datetime) -> bool:
        return lead_id in survey(self._events, into, end).lead_ids

    def _standing(self, lead: Lead, absorbed: Iterable[str], end: datetime) -> Standing:
        """Return where a lead stood at a time, by its transitions.

        Of leads that became one, the higher cycle survived.
        """
        standing = self._standing_at(lead.lead_id, end)
        return replace(
            standing,
            cycle=max(standing.cycle, *(self._standing_at(one, end).cycle for one in absorbed), 1),
        )

    def _standing_at(self, lead_id: str, end: datetime) -> Standing:
        recorded = self._leads.transitions(lead_id)
        return standing_after(one.transition for one in reversed(recorded) if one.at <= end)


def parse_day(text: str, today: date, zone: tzinfo) -> date:
    """Return the day of `as_of`. zone: today's.

    Raise InputError for a text that is not a day, and for a day of which nothing is known.
    """
    try:
        day = date.fromisoformat(text if DAY.fullmatch(text) else "")
    except ValueError:
        raise InputError(FieldError("as_of", "must be a date, for example 2026-11-21")) from None
    if day > today:
        raise InputError(
            FieldError("as_of", f"is in the future; today is {today.isoformat()} ({name_of(zone)})")
        )
    if day < today - timedelta(days=HORIZON_DAYS):
        reason = f"is more than {HORIZON_DAYS} days ago, and behaviour as old as that is forgotten"
        raise InputError(FieldError("as_of", reason))
    return day
