"""The leads of a saved list, page by page (ADR 0064)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from chalicelib.days import day_of
from chalicelib.errors import FieldError, InputError
from chalicelib.leads.decision import score_of
from chalicelib.leads.lead import Lead
from chalicelib.limits import JOB_PAGE_LEADS
from chalicelib.reading.cursor import from_cursor, to_cursor
from chalicelib.scoring.model import Model
from chalicelib.scoring.score import Score

LOOKED_AT = 500
"""Leads that one page looks at, on the list or not."""


class AllLeads(Protocol):
    """Where leads are read in the order of their ids."""

    def every(self, shard: int, after: str, most: int) -> list[str]:
        """Return the ids of a shard's leads behind a given one, in order, at most `most`."""

    def read_many(self, lead_ids: Sequence[str]) -> list[Lead]:
        """Return leads in the order of their ids. Leave out those that do not exist."""


class ListReading:
    """Answers the leads of a list.

    on_list: returns what says whether a lead is on a list now; serialize: leads as the API answers
    them in lists; shards: in which all leads stand.
    """

    def __init__(
        self,
        *,
        leads: AllLeads,
        on_list: Callable[[str], Callable[[Lead, datetime], bool]],
        serialize: Callable[[Model, Sequence[tuple[Lead, Score]]], list[dict[str, Any]]],
        model: Callable[[], Model],
        shards: int,
        now: Callable[[], datetime],
    ) -> None:
        self._leads = leads
        self._on_list = on_list
        self._serialize = serialize
        self._model = model
        self._shards = shards
        self._now = now

    def page(self, list_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
        """Return a page of a list's leads, in the order of the index of all leads.

        A page looks at so many leads only: it may be short although there are more. Raise
        NotFoundError, InputError.
        """
        on_list = self._on_list(list_id)
        shard, after = from_cursor(cursor, (int, str)) if cursor else (0, "")
        if not 0 <= shard < self._shards:
            raise InputError(FieldError("cursor", "is not one that this list gave out"))
        now = self._now()
        found: list[Lead] = []
        looked_at = 0
        while shard < self._shards and len(found) < limit and looked_at < LOOKED_AT:
            ids = self._leads.every(shard, after, JOB_PAGE_LEADS)
            looked_at += max(len(ids), 1)
            ours = [lead for lead in self._leads.read_many(ids) if on_list(lead, now)]
            room = limit - len(found)
            found += ours[:room]
            if len(ours) > room:
                after = found[-1].lead_id
            elif len(ids) == JOB_PAGE_LEADS:
                after = ids[-1]
            else:
                shard += 1
                after = ""
        model = self._model()
        day = day_of(now, model.zone)
        scored = [(lead, score_of(model, lead, day)) for lead in found]
        return {
            "leads": self._serialize(model, scored),
            "next_cursor": to_cursor([shard, after]) if shard < self._shards else None,
        }
