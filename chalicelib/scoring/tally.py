"""The tally: signal -> day -> count. The sufficient statistic of what a lead did.

Counts are stored, not points, so the order of arrival cannot matter and a model with other weights
needs no recount (ADR 0002). A `distinct` signal keeps, instead of counts, the hash of each key with
its latest day. A rule on the numbers of events has a series of its own: their sum of each day, or
the largest, in thousandths (ADR 0048). Days are proleptic ordinals (`date.toordinal()`), in the
time zone of the model that counts (ADR 0025).
"""

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from operator import add
from typing import TypeVar

from chalicelib.days import ordinal_of
from chalicelib.events import Event, FieldValue, Kind, said_as
from chalicelib.limits import DISTINCT_MAX_KEYS, HORIZON_DAYS
from chalicelib.scoring.matching import Matcher, Signal, value_of
from chalicelib.scoring.model import Model
from chalicelib.scoring.numbers import keeps_largest

_decode = json.JSONDecoder().raw_decode  # asks for no blanks, which `pack` writes none of
Days = Mapping[int, int]
Keys = Mapping[str, int]
Cell = TypeVar("Cell", int, str)
"""A day, or the hash of a key."""


@dataclass(frozen=True, slots=True)
class Tally:
    """days: signal -> day -> count; keys: distinct signal -> hash of the key -> its latest day."""

    days: Mapping[str, Days] = field(default_factory=dict)
    keys: Mapping[str, Keys] = field(default_factory=dict)

    def days_of(self, signal: str) -> set[int]:
        """The days on which a signal was seen."""
        return set(self.days.get(signal, ())) | set(self.keys.get(signal, {}).values())

    def __bool__(self) -> bool:
        return bool(self.days or self.keys)


@dataclass(frozen=True, slots=True)
class Since:
    """From when behaviour counts: from a moment on, for example that of a recycle (ADR 0020)."""

    day: int
    """The day of that moment, as an ordinal. Nothing of an earlier day counts."""
    already_counted: Tally
    """What the cells of that one day held at that moment."""
    at: datetime | None = None
    """The moment; None when there is none, and day and cells are the same for every model."""
    matching: str = ""
    """Of the model that counted the cells; for another one they are counted anew (ADR 0025)."""
    lead_id: str = ""
    """Whose behaviour the cells are. A merge may hand them to another lead."""

    @classmethod
    def now(cls, model: Model, tally: Tally, at: datetime, lead_id: str) -> "Since":
        """From this moment on. tally: what the lead did up to now, as the model counts."""
        today = ordinal_of(at, model.zone)
        days = {
            signal: {today: cells[today]} for signal, cells in tally.days.items() if today in cells
        }
        keys = {
            signal: {k: d for k, d in cells.items() if d == today}
            for signal, cells in tally.keys.items()
        }
        todays = Tally(days, {signal: cells for signal, cells in keys.items() if cells})
        return cls(today, todays, at, model.matching, lead_id)

    def is_counted_by(self, matching: str) -> bool:
        """Return whether day and cells are those of the models with this matching."""
        return self.at is None or self.matching == matching

    def left_of(self, tally: Tally) -> Tally:
        """What of a tally counts."""
        left = since(tally, self.day)
        days = {signal: dict(cells) for signal, cells in left.days.items()}
        for signal, cells in self.already_counted.days.items():
            if signal in days and self.day in days[signal]:
                # Of a day's largest number nothing is left but what exceeds it. ADR 0048
                is_left = keeps_largest(signal) and days[signal][self.day] > cells[self.day]
                days[signal][self.day] -= 0 if is_left else cells[self.day]
        keys = {
            signal: {key: day for key, day in cells.items() if day > counted.get(key, 0)}
            for signal, cells in left.keys.items()
            for counted in [self.already_counted.keys.get(signal, {})]
        }
        days = {signal: {d: n for d, n in cells.items() if n > 0} for signal, cells in days.items()}
        return Tally({s: c for s, c in days.items() if c}, {s: c for s, c in keys.items() if c})


EVER = Since(0, Tally())  # everything counts again


def signals_of(model: Model, event: Event) -> list[Signal]:
    """Return the signals of the model's document that an event matches."""
    found = model.matchers[event.kind].signals_of(event)
    return [one for one in found if one.id in model.signals]


def count_events(model: Model, tally: Tally, events: Iterable[Event]) -> Tally:
    """Return the tally with the events counted in. Each must be new to it.

    Commutes: any order and any grouping of the same events gives the same tally.
    """
    zone = model.zone
    days = dict[str, dict[int, int]]()
    largest = dict[str, dict[int, int]]()
    keys = dict[str, dict[str, int]]()
    # By kind: its matcher, and by bits the cells of the signals that have those bits.
    known = dict[Kind, tuple[Matcher, dict[int, list[dict[int, int]]]]]()
    for event in events:
        one_kind = known.get(event.kind)
        if one_kind is None:
            one_kind = known[event.kind] = model.matchers[event.kind], {}
        matcher, cells_of = one_kind
        bits = matcher.bits_of(event)
        day = ordinal_of(event.at, zone)
        if by_value := bits & matcher.by_value:
            for signal in matcher.signals_with(by_value):
                if signal.amount is None:
                    _count_key(keys, signal, event, day)
                else:
                    _count_amount(largest if signal.amount.is_largest else days, signal, event, day)
            bits ^= by_value
        every = cells_of.get(bits)
        if every is None:
            ids = dict.fromkeys(one.id for one in matcher.signals_with(bits))
            every = [days.setdefault(one, {}) for one in ids]
            cells_of[bits] = every
        for cells in every:
            cells[day] = cells.get(day, 0) + 1
    every_key = _joined(tally.keys, keys, max)
    every_day = _joined(tally.days, days, add)
    return Tally(
        _joined(every_day, largest, max) if largest else every_day,
        {signal: _newest(cells) for signal, cells in every_key.items()},
    )


def _count_key(keys: dict[str, dict[str, int]], signal: Signal, event: Event, day: int) -> None:
    """Keep the latest day of a distinct signal's key."""
    key = key_hash(value_of(event, signal.distinct or ""))
    latest = keys.setdefault(signal.id, {})
    latest[key] = max(latest.get(key, 0), day)


def _count_amount(days: dict[str, dict[int, int]], signal: Signal, event: Event, day: int) -> None:
    """Add the numbers of an event to those of its day, or keep the largest of them."""
    amount = signal.amount
    if amount is None or not (milli := amount.milli(value_of(event, amount.name))):
        return
    cells = days.setdefault(signal.id, {})
    join = max if amount.is_largest else add
    cells[day] = join(cells.get(day, 0), milli)


def since(tally: Tally, first_day: int) -> Tally:
    """Return the tally without the days before first_day; the same one when it has none."""
    if not _has_before(tally, first_day):
        return tally
    days = {
        signal: {d: n for d, n in cells.items() if d >= first_day}
        for signal, cells in tally.days.items()
    }
    keys = {
        signal: {k: d for k, d in cells.items() if d >= first_day}
        for signal, cells in tally.keys.items()
    }
    return Tally({s: c for s, c in days.items() if c}, {s: c for s, c in keys.items() if c})


def until(tally: Tally, last_day: int) -> Tally:
    """Return the tally without the days after last_day."""
    days = {
        signal: {d: n for d, n in cells.items() if d <= last_day}
        for signal, cells in tally.days.items()
    }
    keys = {
        signal: {k: d for k, d in cells.items() if d <= last_day}
        for signal, cells in tally.keys.items()
    }
    return Tally({s: c for s, c in days.items() if c}, {s: c for s, c in keys.items() if c})


def within_horizon(tally: Tally, today: int) -> Tally:
    """Return the tally of the last 400 days.

    What is older is ignored by the score and dropped at the next write.
    """
    return since(tally, today - HORIZON_DAYS + 1)


def pack(tally: Tally) -> bytes:
    """Return a tally as bytes, deflated.

    A signal's days are written as [first day, count, days since the one before, count, ...]. Ten
    thousand events over sixty days and eight signals are about 0.7 KB.
    """
    days = {signal: _deltas(cells) for signal, cells in sorted(tally.days.items())}
    keys = {signal: dict(sorted(cells.items())) for signal, cells in sorted(tally.keys.items())}
    return zlib.compress(json.dumps([days, keys], separators=(",", ":")).encode(), level=9)


def unpack(packed: bytes) -> Tally:
    """Return the tally that `pack` packed."""
    days, keys = _decode(zlib.decompress(packed).decode())[0]
    return Tally({signal: _undeltas(flat) for signal, flat in days.items()}, keys)


def key_hash(key: FieldValue | None) -> str:
    """Return eight hex digits of a key's hash: 32 keys collide once in ten million leads."""
    text = "None" if key is None else said_as(key)
    return sha256(text.casefold().encode()).hexdigest()[:8]


def oldest_days(tally: Tally) -> list[int]:
    """Return the oldest day of each signal."""
    return [*map(min, tally.days.values()), *(min(cells.values()) for cells in tally.keys.values())]


def _has_before(tally: Tally, first_day: int) -> bool:
    """Return whether a tally has a day before another. Every score asks."""
    for days in tally.days.values():
        if min(days) < first_day:
            return True
    for latest in tally.keys.values():  # noqa: SIM110  a generator takes longer
        if min(latest.values()) < first_day:
            return True
    return False


def _joined(
    before: Mapping[str, Mapping[Cell, int]],
    new: Mapping[str, Mapping[Cell, int]],
    join: Callable[[int, int], int],
) -> dict[str, Mapping[Cell, int]]:
    """Return the cells of each signal with new ones. Those of a signal without any are not copied.

    join: what to make of two numbers of one cell.
    """
    every = dict(before)
    for signal, cells in new.items():
        joined = dict(before.get(signal, {}))
        for cell, number in cells.items():
            joined[cell] = join(joined.get(cell, 0), number)
        every[signal] = joined
    return every


def _newest(cells: Keys) -> Keys:
    """Return the newest 32 keys.

    Of the keys of one day those that sort first, so that any order of arrival keeps the same ones.
    """
    if len(cells) <= DISTINCT_MAX_KEYS:
        return cells
    return dict(sorted(cells.items(), key=lambda cell: (-cell[1], cell[0]))[:DISTINCT_MAX_KEYS])


def _deltas(cells: Days) -> list[int]:
    flat = []
    before = 0
    for day, number in sorted(cells.items()):
        flat += [day - before, number]
        before = day
    return flat


def _undeltas(flat: list[int]) -> dict[int, int]:
    cells = {}
    day = 0
    each = iter(flat)
    for later in each:  # as fast again as with zip, and every read of a lead does it
        day += later
        cells[day] = next(each)
    return cells
