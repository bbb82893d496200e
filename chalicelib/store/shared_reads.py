"""A table that reads each item once for all that a piece of work asks of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import NamedTuple

from chalicelib.store.table import Item, Table, Write

FIRST = " "  # before every sort key
LAST = "\U0010ffff"  # behind every sort key
Range = tuple[str, str, str]
"""A partition, and the first and the last sort key."""


class ReadSoFar(NamedTuple):
    """What a piece of work has read. Items by their keys, None for one that is not there."""

    items: dict[tuple[str, str], Item | None]
    ranges: dict[Range, list[Item]]


class _Sharing(local):
    """What is shared in a thread; None: nothing is."""

    known: ReadSoFar | None = None


class SharedReads:
    """A table that gives out again what was read, within `sharing`.

    With the first write all of it is forgotten, whether it was made or not. So whoever was beaten
    by another writer looks anew, and what decides about a write is never older than the work since
    the last one: the write's own conditions are what is asked at the end (ADR 0066).
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._sharing = _Sharing()

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Give out again what is read in the block."""
        before = self._sharing.known
        self._sharing.known = ReadSoFar({}, {})
        try:
            yield
        finally:
            self._sharing.known = before

    def fetch(self, keys: Sequence[tuple[str, str]]) -> None:
        """Read items in one call that are about to be asked for."""
        known = self._sharing.known
        if known is None:
            return
        missing = [key for key in keys if not _knows(known, *key)]
        read = self._table.get_many(missing) if missing else []
        found = {(str(item["pk"]), str(item["sk"])): item for item in read}
        known.items.update({key: found.get(key) for key in missing})

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:
        """Return one item, or None."""
        known = self._sharing.known
        if known is None:
            return self._table.get(pk, sk, lagging=lagging)
        if not _knows(known, pk, sk):
            known.items[pk, sk] = self._table.get(pk, sk, lagging=lagging)
        return _copy(_kept(known, pk, sk))

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        """Return the items of these keys that exist."""
        known = self._sharing.known
        if known is None:
            return self._table.get_many(keys)
        self.fetch(keys)
        found = (_copy(_kept(known, *key)) for key in dict.fromkeys(keys))
        return [item for item in found if item is not None]

    def query(
        self,
        pk: str,
        *,
        first: str = "",
        last: str = "",
        newest_first: bool = False,
        limit: int | None = None,
        index: str | None = None,
    ) -> Iterator[Item]:
        """Yield the items of a partition in order of their sort keys.

        What was read to its end is kept.
        """
        known = self._sharing.known
        asked = pk, first or FIRST, last or LAST
        if known is not None and index is None and (kept := _kept_range(known, asked)) is not None:
            within = [dict(item) for item in kept if asked[1] <= str(item["sk"]) <= asked[2]]
            yield from (within[::-1] if newest_first else within)[:limit]
            return
        read: list[Item] = []
        for item in self._table.query(
            pk, first=first, last=last, newest_first=newest_first, limit=limit, index=index
        ):
            read.append(dict(item))
            yield item
        # A write in between has made it old: then there is something else to keep things in.
        if known is not None and known is self._sharing.known and limit is None and index is None:
            known.ranges[asked] = read[::-1] if newest_first else read

    def write(self, *writes: Write) -> None:
        """Write all or nothing."""
        if self._sharing.known is not None:
            self._sharing.known = ReadSoFar({}, {})
        self._table.write(*writes)


def _knows(known: ReadSoFar, pk: str, sk: str) -> bool:
    return (pk, sk) in known.items or _kept_range(known, (pk, sk, sk)) is not None


def _kept(known: ReadSoFar, pk: str, sk: str) -> Item | None:
    if (pk, sk) in known.items:
        return known.items[pk, sk]
    kept = _kept_range(known, (pk, sk, sk)) or []
    return next((item for item in kept if item["sk"] == sk), None)


def _kept_range(known: ReadSoFar, asked: Range) -> list[Item] | None:
    """Return the items of a range that holds another one, None where none does."""
    pk, first, last = asked
    return next(
        (
            items
            for (one, begin, end), items in known.ranges.items()
            if one == pk and begin <= first and last <= end
        ),
        None,
    )


def _copy(item: Item | None) -> Item | None:
    return dict(item) if item is not None else None
