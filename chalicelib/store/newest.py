"""What waits for people, newest first: read through the list index, which lags behind the table."""

from collections.abc import Iterable, Mapping

from chalicelib.store import keys
from chalicelib.store.table import Item, Table
from chalicelib.store.tombstones import ERASED_AT


def newest_in(
    table: Table, partitions: Iterable[str], before: str, most: int
) -> list[tuple[str, Item]]:
    """Return the newest items of partitions of the list index, each with its place there.

    before: the place to go on from, or empty. An item may have left the partition since: the caller
    looks again. What an erasure has yet to delete is hidden at once (ADR 0046).
    """
    return read_places(table, newest_places(table, partitions, before, most))


def newest_places(
    table: Table, partitions: Iterable[str], before: str, most: int
) -> dict[str, tuple[str, str]]:
    """Return the newest places of partitions of the list index, each with the key of its item.

    before: the place to go on from, or empty. None is there at the end, and only there.
    """
    places: dict[str, tuple[str, str]] = {}
    for partition in partitions:
        items = table.query(partition, last=before, newest_first=True, limit=most + 1, index="list")
        places |= {str(item["list_sk"]): (str(item["pk"]), str(item["sk"])) for item in items}
    places.pop(before, None)
    return {place: places[place] for place in sorted(places, reverse=True)[:most]}


def read_places(table: Table, places: Mapping[str, tuple[str, str]]) -> list[tuple[str, Item]]:
    """Return the items that stand at places, in their order, without those that are gone."""
    page = list(places)
    standings = {(pk, keys.STANDING) for pk, _ in map(places.__getitem__, page)}
    stored = table.get_many([*map(places.__getitem__, page), *sorted(standings)])
    by_key = {(str(item["pk"]), str(item["sk"])): item for item in stored}
    found = ((place, by_key.get(places[place])) for place in page)
    return [
        (place, item)
        for place, item in found
        if item is not None and not _is_erased(item, by_key.get((str(item["pk"]), keys.STANDING)))
    ]


def _is_erased(item: Item, standing: Item | None) -> bool:
    """Return whether an erasure of the lead came after an item, and has yet to delete it."""
    erased_at_ms = standing.get(ERASED_AT) if standing else None
    made_at_ms = item.get("captured_at_ms") or item["created_at_ms"]
    return erased_at_ms is not None and int(made_at_ms) <= int(erased_at_ms)
