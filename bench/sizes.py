"""The size of an item and the units of a transaction, by AWS's published rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

KB = 1024
TRANSACTION_FACTOR = 2  # each item is prepared and then committed
INDEXES = {"list": ("list_pk", "list_sk"), "due": ("due_pk", "due_sk")}
Stored = Mapping[str, Mapping[str, Any]]


def item_bytes(item: Stored) -> int:
    """Return the size of an item in DynamoDB's JSON: the bytes of its names and values.

    A number takes one byte for two digits, and one more.
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def units(size_bytes: int) -> int:
    """Return the write units of an item of a size, outside a transaction."""
    return max(1, ceil(size_bytes / KB))


def index_units(old: Stored | None, new: Stored, index: str) -> int:
    """Return the write units of a keys-only index.

    An entry that comes or goes takes one, an entry that moves takes two.
    """
    names = INDEXES[index]
    before = tuple((old or {}).get(name) for name in names)
    after = tuple(new.get(name) for name in names)
    if before == after:
        return 0
    return int(None not in before) + int(None not in after)


def transaction_units(writes: Iterable[tuple[Stored | None, Stored]]) -> dict[str, int]:
    """Return the write units of a transaction of (old, new) items, by part.

    Every item takes twice its size in KB, the larger of old and new. Each index entry counts once,
    because indexes follow after the commit.
    """
    parts = {"table": 0, **dict.fromkeys(INDEXES, 0)}
    for old, new in writes:
        parts["table"] += TRANSACTION_FACTOR * units(max(item_bytes(old or {}), item_bytes(new)))
        for index in INDEXES:
            parts[index] += index_units(old, new, index)
    return parts


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, inner),) = value.items()
    if kind == "S":
        return len(str(inner).encode())
    if kind == "N":
        return (len(str(inner).lstrip("-")) + 1) // 2 + 1
    return len(inner) if kind == "B" else 1
