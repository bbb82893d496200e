"""How many forms of a lead count today, and how many visitors it joined: one small item (ADR 0033).

Reading the forms or the joins themselves would cost more, the more a stranger has sent.
"""

from datetime import UTC, datetime
from typing import cast

from chalicelib.days import day_of
from chalicelib.errors import ConflictError
from chalicelib.limits import FORMS_MAX_PER_DAY, JOINS_MAX_PER_LEAD, WRITE_ATTEMPTS
from chalicelib.store import keys
from chalicelib.store.table import Item, Put, Table


class LeadCounts:
    """Counts what a lead is sent. A day is one of UTC: capture does not know the company's zone."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def admit(self, lead_id: str, *, forms: int, joins: int, now: datetime) -> tuple[bool, int]:
        """Count forms and joins that are about to be written, as far as there is room for them.

        forms: 0 or 1. Return whether the form counts, and how many joins there is room for. Where
        so many others count at the same moment that these cannot be counted, the form counts, and
        nobody is joined. Raise ConflictError when the table is busy.
        """
        day = day_of(now, UTC).isoformat()
        partition = keys.lead(lead_id)
        item = self._table.get(partition, keys.COUNTS, lagging=True)
        for _ in range(WRITE_ATTEMPTS):
            known = 0
            joined = 0
            if item is not None:
                joined = int(item["joins"])
                day = max(day, str(item["day"]))  # at midnight another worker may be in the next
                known = int(item["forms"]) if item["day"] == day else 0
            if known + forms > FORMS_MAX_PER_DAY:
                return False, 0
            room = min(joins, JOINS_MAX_PER_LEAD - joined)
            if not forms and not room:
                return True, 0
            after: Item = {
                "pk": partition,
                "sk": keys.COUNTS,
                "schema": keys.SCHEMA,
                "day": day,
                "forms": known + forms,
                "joins": joined + room,
            }
            names = ("day", "forms", "joins")
            expect = {name: item[name] if item else None for name in names}
            try:
                self._table.write(Put(after, expect))
            except ConflictError as conflict:
                if not conflict.failed:
                    raise
                # The read lagged, or another worker was first: this is what is there now.
                item = cast("Item | None", conflict.failed[keys.COUNTS])
            else:
                return True, room
        return True, 0
