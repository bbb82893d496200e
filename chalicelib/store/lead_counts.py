"""How many forms of a lead count today, how many visitors it joined, and which form was the first:
one small item (ADR 0033, ADR 0037).

Reading the forms or the joins themselves would cost more, the more a stranger has sent.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

from chalicelib.capture.joining import ROOM, Admission
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
from chalicelib.store.table import Item, Put, Table, as_read

COUNTED_AS = {Rank.FORM: "by_form", Rank.IDENTIFY: "by_identify"}
"""What strangers join is counted by day, too, so that they cannot take all the room at once."""


NOBODYS = "-"
"""The first form of a lead that stood already when its counting began. Whoever sends a form now
may be anybody (ADR 0037)."""


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
    first: str = ""
    """The submission of the first form, NOBODYS, or empty while there was no form."""


class LeadCounts:
    """Counts what a lead is sent. A day is one of UTC: capture does not know the company's zone."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def admit(
        self, lead_id: str, *, submission: str, joins: int, rank: Rank, now: datetime
    ) -> Admission:
        """Count a form and joins that are about to be written, as far as there is room for them.

        submission: the form's, empty for none; rank: of the browser, unless the form is the first.
        Where so many others count at the same moment that these cannot be counted, the form counts,
        is not the first, and nobody is joined. Raise ConflictError when the table is busy.
        """
        partition = keys.lead(lead_id)
        item = self._table.get(partition, keys.COUNTS, lagging=True)
        for _ in range(WRITE_ATTEMPTS):
            known = self._known(partition, item, day_of(now, UTC).isoformat())
            first = known.first or submission
            is_first = bool(submission) and first == submission
            counted_as = Rank.OWN_BROWSER if is_first else rank
            if submission and not _has_room_for_form(known, counted_as):
                return Admission(counts=False, is_first=is_first)
            room = _room(known, joins, counted_as)
            if not submission and not room:
                return Admission()
            after = replace(_with_form(known, counted_as) if submission else known, first=first)
            try:
                # Of two first forms at once, the other one fails here, and then is not the first.
                read = as_read(item, "day", "forms", "joins", "first")
                self._table.write(Put(_item(partition, after, room, counted_as), read))
            except ConflictError as conflict:
                if not conflict.failed:
                    raise
                # The read lagged, or another worker was first: this is what is there now.
                item = cast("Item | None", conflict.failed[keys.COUNTS])
            else:
                return Admission(room=room, is_first=is_first)
        return Admission()

    def _known(self, partition: str, item: Item | None, day: str) -> Counts:
        """Return what is counted on a day. At midnight another worker may be in the next."""
        if item is None:
            stands = self._table.get(partition, keys.STANDING, lagging=True) is not None
            return Counts(day, first=NOBODYS if stands else "")
        last = str(item["day"])
        joins = int(item["joins"])
        first = str(item.get("first", ""))
        if last < day:
            return Counts(day, joins, first=first)
        names = ("forms", "own_forms", *COUNTED_AS.values())
        today = {name: int(item.get(name, 0)) for name in names}
        return Counts(last, joins, first=first, **today)


def _with_form(known: Counts, rank: Rank) -> Counts:
    own = int(rank >= Rank.OWN_BROWSER)
    return replace(known, forms=known.forms + 1, own_forms=known.own_forms + own)


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


def _item(partition: str, known: Counts, joins: int, rank: Rank) -> Item:
    """Return the item that counts so many more joins."""
    item: Item = {
        "pk": partition,
        "sk": keys.COUNTS,
        "schema": keys.SCHEMA,
        "day": known.day,
        "joins": known.joins + joins,
        "forms": known.forms,
        "own_forms": known.own_forms,
        "by_form": known.by_form,
        "by_identify": known.by_identify,
    }
    if known.first:
        item["first"] = known.first
    if counter := COUNTED_AS.get(rank):
        item[counter] = int(item[counter]) + joins
    return item
