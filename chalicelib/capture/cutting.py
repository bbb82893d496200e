"""What is stored of one event is bounded: what is longer is cut, the longest first (ADR 0033).

Keep it cheap to import: every ping loads it.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.errors import FieldError
from chalicelib.events import LEAD_PREFIX, Event, FieldValue, Value, said_as

#: Of an item, for whatever is not reckoned here: keys, times, the names of attributes, `cut`.
FIXED_BYTES = 640
CUT_MAX_BYTES = 256  # of the list of names on the event itself
JOINS_BYTES = 1_700  # two visitors with ids of 200 characters
SEPARATORS_BYTES = 2  # the colon and the comma of an entry
LEAST_BYTES = 40  # no text is cut shorter
#: By these an event is recognised: texts that are left longer.
LEAST_BYTES_OF = {"properties.path": 512, "name": 300}
WHOLE = frozenset({"fields.email"})
MARK = "..."
_json = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps makes one each time


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of an event, and the part of the event that it stands in."""

    part: str
    name: str
    value: FieldValue
    size: int
    """Its bytes, as JSON."""

    @property
    def path(self) -> str:
        """Return what a reader of the event knows it by."""
        return f"{self.part}.{self.name}" if self.part else self.name

    @property
    def least(self) -> int:
        """Return how short it may be cut."""
        if self.path in WHOLE or not isinstance(self.value, str | tuple):
            return self.size
        return min(self.size, LEAST_BYTES_OF.get(self.path, LEAST_BYTES))

    @property
    def overhead(self) -> int:
        """Return the bytes that it takes besides its value."""
        return _bytes(self.name) + SEPARATORS_BYTES


def within(
    event: Event, max_bytes: int, max_said_bytes: int | None = None
) -> tuple[Event, list[str]]:
    """Return an event as it fits into an item of a size, and the paths of what was cut for that.

    max_said_bytes: of its name, properties, campaign and fields, if less is wanted of them. What it
    is recognised by is left, so it never fails. The same event is always cut in the same way.
    """
    joins = JOINS_BYTES if event.partition.startswith(LEAD_PREFIX) else 0
    room = max_bytes - FIXED_BYTES - len(event.partition.encode()) - joins
    room = room if max_said_bytes is None else min(room, max_said_bytes)
    if _bytes_at_most(event) <= room:
        return event, []
    entries = list(_entries(event))
    if sum(one.overhead + one.size for one in entries) <= room:
        return event, []
    kept = _kept(entries, room)
    level = _level(kept, room - sum(one.overhead for one in kept))
    values = {one.path: _cut(one, max(level, one.least)) for one in kept}
    cut = [one.path for one in entries if values.get(one.path) != one.value]
    shorter: dict[str, Any] = {
        part: {one.name: values[one.path] for one in kept if one.part == part}
        for part in ("properties", "campaign", "fields", "said")
    }
    name = str(values.get("name", ""))
    return replace(event, name=name, cut=_listed(cut), **shorter), cut


def warnings_of(cut: Iterable[str], rename: Callable[[str], str]) -> list[FieldError]:
    """Return what an answer says of the values that were cut, under their senders' names."""
    words = "was cut or left out: the whole is longer than what is stored of it"
    return [FieldError(rename(path), words) for path in cut]


def _entries(event: Event) -> Iterable[Entry]:
    if event.name:
        yield Entry("", "name", event.name, _bytes(event.name))
    parts = (("properties", event.properties), ("campaign", event.campaign))
    for part, values in (*parts, ("fields", event.fields), ("said", event.said)):
        for name, value in values.items():
            yield Entry(part, name, value, _size(name, value))


def _bytes_at_most(event: Event) -> int:
    """Return no less than the bytes of all entries, at once: nearly every event has room."""
    said = {"name": event.name}, event.properties, event.campaign, event.fields, event.said
    # Only fields are lists, whose values are stored as text, too.
    return _bytes(said) * (2 if event.fields else 1)


def _kept(entries: list[Entry], room: int) -> list[Entry]:
    """Drop the entries that do not fit even when everything is cut as short as it may be."""
    left = sum(one.overhead + one.least for one in entries)
    dropped = set[str]()
    for one in sorted(entries, key=lambda one: (-one.overhead - one.least, one.path)):
        if left <= room:
            break
        if one.path not in WHOLE and one.path not in LEAST_BYTES_OF:
            dropped.add(one.path)
            left -= one.overhead + one.least
    return [one for one in entries if one.path not in dropped]


def _level(entries: list[Entry], room: int) -> int:
    """Return the length to which all longer texts have to be cut, so that all have room."""

    def size_at(level: int) -> int:
        return sum(max(one.least, min(one.size, level)) for one in entries)

    return bisect_right(range(room + 1), room, key=size_at) - 1


def _cut(entry: Entry, max_bytes: int) -> FieldValue:
    """Return a value in at most so many bytes of JSON, its quotes included."""
    if entry.size <= max_bytes:
        return entry.value
    if isinstance(entry.value, tuple):
        return _first_values(entry.name, entry.value, max_bytes)
    return _cut_text(entry.value, max_bytes)


def _first_values(name: str, values: tuple[Value, ...], max_bytes: int) -> FieldValue:
    """Return as many values of a list as have room; of the first one, if it has none, a piece."""
    room = range(1, len(values))
    kept = bisect_right(room, max_bytes, key=lambda number: _size(name, values[:number]))
    return values[:kept] if kept else _cut_text(values[0], max_bytes)


def _cut_text(value: Value, max_bytes: int) -> str:
    text = str(value)
    if _bytes(text) <= max_bytes:  # a list may take more room than its one value
        return text
    encoded = _json(text).encode()[1 : max_bytes - 1]
    inner = encoded.decode(errors="ignore")  # half a character at the end
    if (len(inner) - len(inner.rstrip("\\"))) % 2:
        inner = inner[:-1]  # half an escape
    return str(json.loads(f'"{inner}"'))


def _listed(cut: list[str]) -> tuple[str, ...]:
    """Return as many names as the event has room for; a mark stands for the others."""
    listed = list[str]()
    left = CUT_MAX_BYTES - _bytes(MARK)
    for name in cut:
        left -= _bytes(name) + 1
        if left < 0:
            return (*listed, MARK)
        listed.append(name)
    return tuple(listed)


def _size(name: str, value: FieldValue) -> int:
    """Return the bytes of a value as it is stored: a list as text, too (see store/events.py)."""
    if not isinstance(value, tuple):
        return _bytes(value)
    return _bytes(said_as(value)) + _bytes(name) + SEPARATORS_BYTES + _bytes(value)


def _bytes(value: object) -> int:
    text = _json(value)
    return len(text) if text.isascii() else len(text.encode())
