"""The leads of a stage, best score first, and of those the ones that are asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from chalicelib.days import day_of
from chalicelib.errors import FieldError, InputError
from chalicelib.events import said_as
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage
from chalicelib.limits import LIST_MAX_LEADS
from chalicelib.reading.cursor import from_cursor, to_cursor
from chalicelib.reading.ports import LeadReader, SpamReader
from chalicelib.reading.spam import SPAM, spam_page
from chalicelib.scoring.model import Model
from chalicelib.scoring.profile import values
from chalicelib.scoring.score import Score

UNOWNED = "none"
"""The owner of a lead that belongs to nobody."""
SEARCHED = ("email", "first_name", "last_name", "company", "job_title")
"""The fields that a text is looked for in."""
FORMS_LOOKED_AT = 100
"""Leads of a page whose forms are looked through."""

Shown = Callable[[Model, Sequence[tuple[Lead, Score]]], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFilter:
    """Which leads of a stage are asked for. Of several keys every one must hold."""

    owner: str | None = None
    """A person's id, or `none`."""
    form: str | None = None
    """The id of a form that the lead has sent."""
    grade: str | None = None
    domain: str | None = None
    """Of the lead's address."""
    q: str | None = None
    """What its name, address, company or title contains."""
    owners: frozenset[str] | None = None
    """Whose leads the asker sees; None: everybody's."""

    def takes(self, lead: Lead) -> bool:
        """Return whether a lead is among them, as far as the lead itself tells."""
        owner = lead.standing.owner
        if self.owners is not None and owner not in self.owners:
            return False
        if self.owner is not None and (owner or UNOWNED) != self.owner:
            return False
        return self._knows(lead) if self.domain or self.q else True

    def _knows(self, lead: Lead) -> bool:
        known = values(lead.profile)
        if self.domain and known.get("email_domain") != self.domain.lower():
            return False
        text = " ".join(said_as(known[name]) for name in SEARCHED if name in known)
        return (self.q or "").casefold() in text.casefold()


class _Row(NamedTuple):
    """A lead with its place among the others of its stage."""

    total: int  # negative: the best comes first
    lead_id: str
    score: Score
    lead: Lead


class StageList:
    """Lists the leads of a stage.

    sent: whether a lead has sent a form, by their ids; serialize: leads as lists show them; model:
    returns the active one.
    """

    def __init__(
        self,
        *,
        leads: LeadReader,
        spam: SpamReader,
        sent: Callable[[str, str], bool],
        serialize: Shown,
        model: Callable[[], Model],
        now: Callable[[], datetime],
    ) -> None:
        self._leads = leads
        self._spam = spam
        self._sent = sent
        self._serialize = serialize
        self._model = model
        self._now = now

    def page(
        self, stage: str, limit: int, cursor: str | None, wanted: LeadFilter
    ) -> dict[str, Any]:
        """Return a page of a stage's leads, best score first.

        All pages are as of the first one's day, so that the order holds over midnight. It is exact
        for up to 2,000 leads in the stage. With more, the page ranks the 2,000 with the best stored
        scores and is marked as truncated. Raise InputError.
        """
        if stage == SPAM:
            return spam_page(self._spam, limit, cursor)
        if stage not in set(Stage):
            raise InputError(FieldError("stage", f"must be one of {', '.join([*Stage, SPAM])}"))
        model = self._model()
        day = day_of(self._now(), model.zone)
        after = None
        if cursor:
            day_text, total, lead_id = from_cursor(cursor, (str, int, str))
            day = _day(day_text)
            after = (-total, lead_id)
        ids, truncated = self._leads.in_stage(Stage(stage), LIST_MAX_LEADS)
        # The index lags behind the table: a lead may have left the stage, or been merged.
        found = [
            lead
            for lead in self._leads.read_many(ids)
            if lead.standing.stage is Stage(stage) and not lead.merged_into
            if wanted.takes(lead)
        ]
        scored = [(score_of(model, lead, day), lead) for lead in found]
        rows = [_Row(-one.total, lead.lead_id, one, lead) for one, lead in scored]
        ranked = sorted(rows, key=lambda row: row[:2])
        left = [
            row
            for row in ranked
            if after is None or row[:2] > after
            if wanted.grade is None or row.score.grade == wanted.grade
        ]
        page, last = self._picked(left, limit, wanted.form)
        return {
            "leads": self._serialize(model, [(row.lead, row.score) for row in page]),
            "next_cursor": to_cursor([day.isoformat(), -last.total, last.lead_id])
            if last
            else None,
        } | ({"truncated": True} if truncated else {})

    def _picked(
        self, left: Sequence[_Row], limit: int, form: str | None
    ) -> tuple[list[_Row], _Row | None]:
        """Return the rows of a page, and the last one looked at if there are more."""
        if form is None:
            return list(left[:limit]), left[limit - 1] if len(left) > limit else None
        page: list[_Row] = []
        for number, row in enumerate(left[:FORMS_LOOKED_AT], 1):
            if self._sent(row.lead_id, form):
                page.append(row)
            if len(page) == limit or number == FORMS_LOOKED_AT:
                return page, row if number < len(left) else None
        return page, None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(FieldError("cursor", "is not one that this list gave out")) from None
