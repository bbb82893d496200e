"""The table as the store sees it: four operations, and writes that always expect something.

Two things satisfy it: DynamoTable, and the in-memory table of the tests. Both pass the same
contract suite.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Attribute = str | int | bool | bytes
Item = dict[str, Attribute]
Expectation = Mapping[str, Attribute | None]
ABSENT: Expectation = {"pk": None}
GUARDED: Expectation = {}  # another write of the same transaction carries the expectation


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item if the one there has the expected attributes (None: does not have it)."""

    item: Item
    expect: Expectation
    name: str = ""
    """By which a conflict tells that it failed; the sort key without one."""

    @property
    def label(self) -> str:
        """The write's name."""
        return self.name or str(self.item["sk"])


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing; the transaction holds only if the item there has the expected attributes."""

    pk: str
    sk: str
    expect: Expectation
    name: str = ""
    """By which a conflict tells that it failed; the sort key without one."""

    @property
    def label(self) -> str:
        """The check's name."""
        return self.name or self.sk


Write = Put | Check


class Table(Protocol):
    """One DynamoDB table."""

    def get(self, pk: str, sk: str) -> Item | None:
        """One item, read consistently."""

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        """The items of these keys that exist, in any order."""

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
        """The items of a partition with first <= sort key <= last, in its order, read page by page.

        Without an index the read is consistent. An index (`list`, `due`) gives keys only, pk and sk
        of the item beside its own two. limit bounds how many items are read.
        """

    def write(self, *writes: Write) -> None:
        """One write, or several in one transaction: all or nothing.

        Raises ConflictError with the names of the writes whose expectation did not hold.
        """
