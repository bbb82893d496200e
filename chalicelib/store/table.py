"""The table as the store sees it: four operations, and writes that always expect something
(ADR 0006).

DynamoTable implements it, and so does the in-memory table of the tests. Both pass the same contract
suite.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Attribute = str | int | bool | bytes
Item = dict[str, Attribute]

Expectation = Mapping[str, Attribute | None]
"""Attribute -> the value it must have; None: the item must not have it."""

ABSENT: Expectation = {"pk": None}
"""There must be no item."""

GUARDED: Expectation = {}
"""No expectation: another write of the same transaction guards this one, or the last write wins."""


def as_read(item: Item | None, *names: str) -> Expectation:
    """Return the expectation that these attributes are still as they were read."""
    return {name: item.get(name) if item else None for name in names}


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item if the one that is there meets the expectation."""

    item: Item
    expect: Expectation
    name: str = ""
    """What a conflict calls this write; empty: the sort key."""

    @property
    def label(self) -> str:
        """The name by which a conflict reports this write."""
        return self.name or str(self.item["sk"])


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing, but fail the transaction unless the item meets the expectation."""

    pk: str
    sk: str
    expect: Expectation
    name: str = ""
    """What a conflict calls this check; empty: the sort key."""

    @property
    def label(self) -> str:
        """The name by which a conflict reports this check."""
        return self.name or self.sk


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an item if it meets the expectation. That it is gone already meets any but values."""

    pk: str
    sk: str
    expect: Expectation
    name: str = ""
    """What a conflict calls this write; empty: the sort key."""

    @property
    def label(self) -> str:
        """The name by which a conflict reports this write."""
        return self.name or self.sk


@dataclass(frozen=True, slots=True)
class Add:
    """Add numbers to those of an item, whatever they are; it is made if there is none.

    Only ever beside another write of its transaction that expects something: by itself it would
    count a repeated request twice.
    """

    pk: str
    sk: str
    numbers: Mapping[str, int]
    """Attribute -> what is added to it. An attribute that the item does not have counts as 0."""
    also: Mapping[str, Attribute] = field(default_factory=dict)
    """Attributes that are set, the same by every writer, such as the schema."""
    name: str = ""
    """What a conflict calls this write; empty: the sort key. Only a busy item fails it."""

    @property
    def label(self) -> str:
        """The name by which a conflict reports this write."""
        return self.name or self.sk

    @property
    def expect(self) -> Expectation:
        """Nothing."""
        return GUARDED


Write = Put | Check | Delete | Add


class Table(Protocol):
    """One DynamoDB table.

    Each operation raises ThrottledError while the table takes no more requests.
    """

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:
        """Return one item, or None. lagging: for half the price, as it was up to a second ago."""

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        """Return the items of these keys that exist, read consistently, in any order."""

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
        """Return the items of a partition with first <= sort key <= last, in the order of the keys.

        Pages are read as they are needed. limit: how many items are read at most. Without an index
        the read is consistent. An index (`list`, `due`) gives keys only: its own two, and pk and sk
        of the item. It lags behind the table, usually by less than a second.
        """

    def write(self, *writes: Write) -> None:
        """Do one write, or several in one transaction: all of them or none.

        Raise ConflictError with the names of the writes whose expectation did not hold.
        """
