"""A table of which a copy is written to: what is rehearsed on it changes nothing (ADR 0065)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from chalicelib.errors import ConflictError
from chalicelib.store.dynamo import INDEX_KEYS, LAST_KEY
from chalicelib.store.table import Add, Check, Delete, Expectation, Item, Put, Table, Write

_Place = tuple[str, str]


class _Remembered:
    """Items that are read as far as they are asked for, and once."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._read: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        number = 0
        while True:
            if number == len(self._read):
                following = next(self._items, None)
                if following is None:
                    return
                self._read.append(following)
            yield dict(self._read[number])
            number += 1


class RehearsedTable:
    """Reads from a table, each thing once, and keeps to itself whatever is written."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._changed: dict[_Place, Item | None] = {}
        """What was written; None: it was deleted."""
        self._got: dict[_Place, Item | None] = {}
        self._queried: dict[tuple[object, ...], _Remembered] = {}
        self._written: dict[_Place, bool] = {}

    def written(self) -> list[tuple[Item, bool]]:
        """Return what was put since the last call, and whether it is new, in that order."""
        found = [
            (dict(item), is_new)
            for place, is_new in self._written.items()
            if (item := self._changed.get(place)) is not None
        ]
        self._written = {}
        return found

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:
        """Return one item, or None."""
        place = (pk, sk)
        if place not in self._changed and place not in self._got:
            self._got[place] = self._table.get(pk, sk, lagging=lagging)
        found = self._changed[place] if place in self._changed else self._got[place]
        return dict(found) if found is not None else None

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        """Return the items of these keys that exist."""
        known = self._changed.keys() | self._got.keys()
        unread = [one for one in dict.fromkeys(keys) if one not in known]
        found = {_place(item): item for item in self._table.get_many(unread)} if unread else {}
        self._got.update({one: found.get(one) for one in unread})
        return [item for one in dict.fromkeys(keys) if (item := self.get(*one)) is not None]

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
        """Yield the items of a partition in order of their sort keys."""
        hash_name, range_name = INDEX_KEYS[index]
        changed = self._in_partition(pk, hash_name)
        most = None if limit is None else limit + len(self._changed)
        asked = (pk, first, last, newest_first, most, index)
        if asked not in self._queried:
            self._queried[asked] = _Remembered(
                self._table.query(
                    pk, first=first, last=last, newest_first=newest_first, limit=most, index=index
                )
            )
        low, high = first or " ", last or LAST_KEY
        ours = [one for one in changed if low <= str(one[range_name]) <= high]
        names = ("pk", "sk", hash_name, range_name)
        shown = [{name: one[name] for name in names} for one in ours] if index else ours
        theirs = (one for one in self._queried[asked] if _place(one) not in self._changed)
        merged = _merged(theirs, shown, range_name, newest_first=newest_first)
        return islice(merged, limit) if limit is not None else merged

    def write(self, *writes: Write) -> None:
        """Write all or nothing. Raise ConflictError."""
        failed = {
            one.label: found
            for one in writes
            if not _holds(one.expect, found := self.get(*_place_of(one)))
        }
        if failed:
            raise ConflictError(failed)
        for one in writes:
            self._do(one)

    def _do(self, write: Write) -> None:
        place = _place_of(write)
        match write:
            case Check():
                return
            case Delete():
                self._changed[place] = None
                return
            case Put(item):
                after = dict(item)
            case Add(numbers=numbers, also=also):
                after = self.get(*place) or {"pk": write.pk, "sk": write.sk}
                after |= {name: int(after.get(name, 0)) + by for name, by in numbers.items()}
                after |= dict(also)
        is_new = self._written.get(place, False) or self.get(*place) is None
        self._changed[place] = after
        self._written[place] = is_new

    def _in_partition(self, pk: str, hash_name: str) -> list[Item]:
        every = (one for one in self._changed.values() if one is not None)
        return [dict(one) for one in every if one.get(hash_name) == pk]


def _merged(
    theirs: Iterable[Item], ours: Sequence[Item], name: str, *, newest_first: bool
) -> Iterator[Item]:
    """Yield items of two sources in the order of their keys; the first one is in order."""
    left = sorted(ours, key=_text_of(name), reverse=not newest_first)  # the next one is the last
    for one in theirs:
        while left and (
            str(left[-1][name]) > str(one[name])
            if newest_first
            else str(left[-1][name]) < str(one[name])
        ):
            yield left.pop()
        yield one
    yield from reversed(left)


def _text_of(name: str) -> Callable[[Mapping[str, object]], str]:
    return lambda item: str(item[name])


def _holds(expect: Expectation, item: Item | None) -> bool:
    return all((item or {}).get(name) == value for name, value in expect.items())


def _place_of(write: Write) -> _Place:
    return _place(write.item) if isinstance(write, Put) else (write.pk, write.sk)


def _place(item: Item) -> _Place:
    return str(item["pk"]), str(item["sk"])
