"""The forms that nobody has registered: at most 200, each in a place of its own (ADR 0041).

Anybody can invent a form's name, so the places are fixed and a name has two of them. A new name
takes the place of one that was sent once, or not today; when both places are in use it is not
remembered. A submission costs one or two reads of half a unit. It costs one small write more while
its form has few on that day, and a fraction of one after that.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import cast

from chalicelib.capture.seen import SeenForm
from chalicelib.days import day_of
from chalicelib.errors import ConflictError
from chalicelib.limits import (
    FORM_MAX_FIELDS,
    SEEN_FORMS_EXACT,
    SEEN_FORMS_KEPT_DAYS,
    SEEN_FORMS_MAX,
    SEEN_FORMS_STEP,
)
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import Item, Put, Table, as_read

PLACES_OF_A_NAME = 2
TRIES = 3  # of one count; then it is missed
READ_AS = ("form", "count", "day", "today")


class SeenFormItems:
    """Remembers unregistered forms. new_id: draws what nobody can guess."""

    def __init__(self, table: Table, new_id: Callable[[], str]) -> None:
        self._table = table
        self._new_id = new_id

    def note(self, form_id: str, fields: Sequence[str], now: datetime) -> None:
        """Count a submission of a form. Raise ConflictError when the table is busy."""
        day = day_of(now, UTC)
        found = [self._table.get(keys.SEEN_FORMS, sk, lagging=True) for sk in _places(form_id)]
        for sk, item in zip(_places(form_id), found, strict=True):
            if item is not None and item["form"] == form_id:
                return self._count(sk, item, form_id, fields, day)
        for sk, item in zip(_places(form_id), found, strict=True):
            if item is None or item["count"] == 1 or str(item["day"]) < day.isoformat():
                return self._count(sk, item, form_id, fields, day)
        return None

    def every(self) -> list[SeenForm]:
        """Return the forms that are remembered, those that were sent last first."""
        forms = map(_form_of, self._table.query(keys.SEEN_FORMS))
        return sorted(forms, key=lambda one: (-one.last_on.toordinal(), one.id))

    def _count(
        self, sk: str, item: Item | None, form_id: str, fields: Sequence[str], day: date
    ) -> None:
        drawn = int.from_bytes(sha256(self._new_id().encode()).digest()[:4], "big")
        for _ in range(TRIES):
            same = item if item is not None and item["form"] == form_id else None
            today = int(same["today"]) if same and same["day"] == day.isoformat() else 0
            # Of a busy form one submission in so many is counted, for all of them.
            step = 1 if today < SEEN_FORMS_EXACT else SEEN_FORMS_STEP
            if drawn % step:
                return
            try:
                self._table.write(_put(sk, item, same, form_id, fields, day, today, step))
            except ConflictError as conflict:
                # Another submission was first, or the read lagged: the conflict says what is there.
                if not conflict.failed:
                    raise
                item = cast("Item | None", conflict.failed[sk])
            else:
                return


def _put(
    sk: str,
    item: Item | None,
    same: Item | None,
    form_id: str,
    fields: Sequence[str],
    day: date,
    today: int,
    step: int,
) -> Put:
    known = json.loads(str(same["fields"])) if same else []
    after: Item = {
        "pk": keys.SEEN_FORMS,
        "sk": sk,
        "schema": keys.SCHEMA,
        "form": form_id,
        "count": step + (int(same["count"]) if same else 0),
        "fields": json.dumps(list(dict.fromkeys([*known, *fields]))[:FORM_MAX_FIELDS]),
        "first_day": same["first_day"] if same else day.isoformat(),
        "day": day.isoformat(),
        "today": today + step,
        **expires_after(datetime(day.year, day.month, day.day, tzinfo=UTC), SEEN_FORMS_KEPT_DAYS),
    }
    return Put(after, as_read(item, *READ_AS))


def _places(form_id: str) -> tuple[str, ...]:
    digest = sha256(form_id.encode()).digest()
    numbers = (int.from_bytes(digest[n * 4 : n * 4 + 4], "big") for n in range(PLACES_OF_A_NAME))
    return tuple(dict.fromkeys(f"{keys.FORM}{number % SEEN_FORMS_MAX:03d}" for number in numbers))


def _form_of(item: Item) -> SeenForm:
    return SeenForm(
        id=str(item["form"]),
        count=int(item["count"]),
        fields=tuple(json.loads(str(item["fields"]))),
        first_on=date.fromisoformat(str(item["first_day"])),
        last_on=date.fromisoformat(str(item["day"])),
    )
