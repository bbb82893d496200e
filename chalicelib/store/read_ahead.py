"""A table of which some items have been read at once."""

from collections.abc import Iterator, Sequence

from chalicelib.store.table import Item, Table, Write


class ReadAhead:
    """A table that has read some items in one call. It gives each out once.

    What is asked for again has to be read again: whoever was beaten by another writer looks anew.
    """

    def __init__(self, table: Table, wanted: Sequence[tuple[str, str]]) -> None:
        self._table = table
        found = {(str(item["pk"]), str(item["sk"])): item for item in table.get_many(wanted)}
        self._read = {key: found.get(key) for key in wanted}

    def get(self, pk: str, sk: str, *, lagging: bool = False) -> Item | None:
        """Return one item, or None."""
        if (pk, sk) in self._read:
            return self._read.pop((pk, sk))
        return self._table.get(pk, sk, lagging=lagging)

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        """Return the items of these keys that exist."""
        return self._table.get_many(keys)

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
        return self._table.query(
            pk, first=first, last=last, newest_first=newest_first, limit=limit, index=index
        )

    def write(self, *writes: Write) -> None:
        """Write all or nothing."""
        self._table.write(*writes)
