"""How many forms of a lead count today, and how many visitors it joined: one small item (ADR 0033).

Reading the forms or the joins themselves would cost more, the more a stranger has sent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from chalicelib.capture.joining import ROOM
from chalicelib.days import day_of
from chalicelib.errors import ConflictError
from chalicelib.events import Rank
from chalicelib.limits import (
    FORMS_MAX_PER_DAY,
    JOINS_MAX_PER_DAY,
    OWN_FORMS_PER_DAY,
    WRITE_ATTEMPTS,
)
from chalicelib.store import keys
from chalicelib.store.table import Item, Put, Table

COUNTED_AS = {Rank.FORM: "by_form", Rank.IDENTIFY: "by_identify"}
"""What strangers join is counted by day, too, so that they cannot take all the room at once."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted of a lead."""

    day: str
    joins: int = 0
    """Of all days."""
    forms: int = 0
    own_forms: int = 0
    """Those from the lead's own browser."""
    by_form: int = 0
    by_identify: int = 0


class LeadCounts:
    """Counts what a lead is sent. A day is one of UTC: capture does not know the company's zone."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def admit(
        self, lead_id: str, *, forms: int, joins: int, rank: Rank, now: datetime
    ) -> tuple[bool, int]:
        """Count forms and joins that are about to be written, as far as there is room for them.

        forms: 0 or 1; rank: of the browser. Return whether the form counts, and how many joins have
        room. Where so many others count at the same moment that these cannot be counted, the form
        counts, and nobody is joined. Raise ConflictError when the table is busy.
        """
        partition = keys.lead(lead_id)
        item = self._table.get(partition, keys.COUNTS, lagging=True)
        for _ in range(WRITE_ATTEMPTS):
            known = _counts_on(item, day_of(now, UTC).isoformat())
            if forms and not _has_room_for_form(known, rank):
                return False, 0
            room = _room(known, joins, rank)
            if not forms and not room:
                return True, 0
            names = ("day", "forms", "joins")
            expect = {name: item[name] if item else None for name in names}
            try:
                self._table.write(Put(_item(partition, known, forms, room, rank), expect))
            except ConflictError as conflict:
                if not conflict.failed:
                    raise
                # The read lagged, or another worker was first: this is what is there now.
                item = cast("Item | None", conflict.failed[keys.COUNTS])
            else:
                return True, room
        return True, 0


def _counts_on(item: Item | None, day: str) -> Counts:
    """Return what an item counts on a day. At midnight another worker may be in the next."""
    if item is None:
        return Counts(day)
    last = str(item["day"])
    if last < day:
        return Counts(day, int(item["joins"]))
    today = {name: int(item.get(name, 0)) for name in ("forms", "own_forms", *COUNTED_AS.values())}
    return Counts(last, int(item["joins"]), **today)


def _has_room_for_form(known: Counts, rank: Rank) -> bool:
    """Return whether one more form counts. Strangers must not fill a day so that the lead's own
    request is not seen: of so many a replay counts the newest.
    """
    is_own = rank >= Rank.OWN_BROWSER
    return known.forms < FORMS_MAX_PER_DAY or (is_own and known.own_forms < OWN_FORMS_PER_DAY)


def _room(known: Counts, joins: int, rank: Rank) -> int:
    """Return how many of some joins there is room for (ADR 0037)."""
    room = min(joins, ROOM[rank] - known.joins)
    if counter := COUNTED_AS.get(rank):
        room = min(room, JOINS_MAX_PER_DAY - int(getattr(known, counter)))
    return max(0, room)


def _item(partition: str, known: Counts, forms: int, joins: int, rank: Rank) -> Item:
    """Return the item that counts so many more."""
    item: Item = {
        "pk": partition,
        "sk": keys.COUNTS,
        "schema": keys.SCHEMA,
        "day": known.day,
        "joins": known.joins + joins,
        "forms": known.forms + forms,
        "own_forms": known.own_forms + forms * (rank >= Rank.OWN_BROWSER),
        "by_form": known.by_form,
        "by_identify": known.by_identify,
    }
    if counter := COUNTED_AS.get(rank):
        item[counter] = int(item[counter]) + joins
    return item
