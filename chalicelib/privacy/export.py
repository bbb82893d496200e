"""Export: everything that is held on a person, as it is stored, in words that can be read.

It is a copy of every item (GDPR, articles 15 and 20), so that a family that is added later is in it
without a line here. In pages, each below what a gateway lets through.
"""

import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from chalicelib.errors import FieldError, InputError
from chalicelib.events import from_epoch_ms, is_lead_id, rfc3339
from chalicelib.leads.lead import Lead, find_known
from chalicelib.limits import EXPORT_PAGE_MAX_CHARS
from chalicelib.privacy.families import family_at
from chalicelib.scoring.tally import unpack

StoredValue = str | int | bool | bytes
StoredItem = Mapping[str, StoredValue]

NOT_SHOWN = frozenset({"pk", "sk", "schema", "list_pk", "list_sk", "due_pk", "due_sk", "trace"})
"""The places of an item, and the mark of the request that it came with."""
JSON_TEXTS = frozenset(
    [
        "properties",
        "campaign",
        "fields",
        "joins",
        "cut",
        "profile",
        "weaker",
        "touches",
        "browser_zone",
        "answers",
        "receipt",
        "suppressions",
        "heard",
        "cause",
        "earlier",
        "notified",
        "overrides",
        "reasons",
        "survey",
        "place",
        "ids",
        "urgent_at_ms",
        "passed",
        "emails",
        "said",
    ]
)
"""The attributes that hold JSON."""
TALLIES = frozenset({"tally", "then"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlace:
    """Where an export stands: behind an item."""

    lead_ids: tuple[str, ...]
    """The lead, and those merged into it that were found so far."""
    number: int = 0
    """Of the lead whose items are shown."""
    key: str = ""
    """The sort key of its last item; empty: none yet."""
    part: int = -1
    """Which of the partitions beside that item is shown; -1: none yet."""
    inner: str = ""
    """The sort key of the last item there."""

    def at(self, part: int, inner: str) -> "ExportPlace":
        """Return the place behind an item of a partition beside."""
        return replace(self, part=part, inner=inner)


Walk = Callable[[ExportPlace, datetime | None], Iterator[tuple[ExportPlace, StoredItem]]]


class Export:
    """Shows what is held on a person.

    read_lead: returns a lead as it stands; walk: yields what is held behind a place; summary:
    returns the lead of an id as the API shows it.
    """

    def __init__(
        self,
        *,
        read_lead: Callable[[str], Lead],
        walk: Walk,
        summary: Callable[[str], Mapping[str, Any]],
        now: Callable[[], datetime],
    ) -> None:
        self._read_lead = read_lead
        self._walk = walk
        self._summary = summary
        self._now = now

    def page(self, lead_id: str, cursor: str | None = None) -> dict[str, Any]:
        """Return a page of what is held on a lead, with the lead itself on the first one.

        Raise NotFoundError, and InputError for a cursor that no page gave out.
        """
        lead = find_known(self._read_lead, lead_id)
        start = _place_of(cursor, lead.lead_id) if cursor else ExportPlace(lead_ids=(lead.lead_id,))
        items: list[dict[str, Any]] = []
        room_chars = EXPORT_PAGE_MAX_CHARS
        last = start
        is_more = False
        for place, item in self._walk(start, lead.erased_at):
            shown = show_item(item)
            room_chars -= len(json.dumps(shown))
            if items and room_chars < 0:
                is_more = True
                break
            items.append(shown)
            last = place
        return {
            "lead_id": lead.lead_id,
            "exported_at": rfc3339(self._now()),
            "lead": None if cursor else self._summary(lead.lead_id),
            "items": items,
            "next_cursor": _cursor_of(last) if is_more else None,
        }


def show_item(item: StoredItem) -> dict[str, Any]:
    """Return an item with its family, its keys, and its attributes as people read them."""
    pk = str(item["pk"])
    sk = str(item["sk"])
    family = family_at(pk, sk)
    holds = dict(_said(name, value) for name, value in item.items() if name not in NOT_SHOWN)
    return {
        "family": family.name if family else "other",
        "partition": pk,
        "key": sk,
        "holds": holds,
    }


def _said(name: str, value: StoredValue) -> tuple[str, Any]:
    """Return an attribute, in words where it is packed."""
    if isinstance(value, bytes):
        return name, _counted(value) if name in TALLIES else b64encode(value).decode()
    if name == "expires_at_epoch_s":
        return "kept_until", rfc3339(from_epoch_ms(int(value) * 1_000))
    if name.endswith("_ms") and isinstance(value, int):
        return name.removesuffix("_ms"), rfc3339(from_epoch_ms(value))
    return name, _unpacked(value) if name in JSON_TEXTS and isinstance(value, str) else value


def _unpacked(text: str) -> Any:
    """Return the JSON of a text; the text itself where an attribute of that name holds none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _counted(packed: bytes) -> dict[str, Any]:
    """Return what was counted of each signal: on which day how often, or which keys."""
    tally = unpack(packed)
    return {
        "days": {
            signal: {date.fromordinal(day).isoformat(): number for day, number in cells.items()}
            for signal, cells in tally.days.items()
        },
        "keys": {
            signal: {key: date.fromordinal(day).isoformat() for key, day in cells.items()}
            for signal, cells in tally.keys.items()
        },
    }


def _cursor_of(place: ExportPlace) -> str:
    parts = [place.lead_ids, place.number, place.key, place.part, place.inner]
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


def _place_of(cursor: str, lead_id: str) -> ExportPlace:
    """Return the place of a cursor. Raise InputError for one that no page of the lead gave out."""
    try:
        lead_ids, number, key, part, inner = json.loads(urlsafe_b64decode(cursor))
        place = ExportPlace(
            lead_ids=tuple(map(str, lead_ids)),
            number=int(number),
            key=str(key),
            part=int(part),
            inner=str(inner),
        )
    except (ValueError, TypeError):
        place = ExportPlace(lead_ids=())
    if not _is_of(place, lead_id):
        raise InputError(FieldError("cursor", "is not one that this export gave out"))
    return place


def _is_of(place: ExportPlace, lead_id: str) -> bool:
    ids: Sequence[str] = place.lead_ids
    return place.number >= 0 and bool(ids) and ids[0] == lead_id and all(map(is_lead_id, ids))
