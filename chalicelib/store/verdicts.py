"""VerdictItems on handoffs, in the partitions of their leads, listed by their time (ADR 0069)."""

from chalicelib.handoff.verdicts import LISTED, GivenVerdict, verdict_in
from chalicelib.store import keys, places
from chalicelib.store.newest import newest_in
from chalicelib.store.table import Item, Table


def read_verdict(table: Table, lead_id: str, cycle: int) -> GivenVerdict | None:
    """Return the verdict on a cycle's handoff, also one that was undone; None without one."""
    item = table.get(keys.lead(lead_id), f"{keys.VERDICT}{cycle}")
    return _verdict_of(item) if item else None


def newest_verdicts(table: Table, before: str, most: int) -> list[tuple[str, GivenVerdict]]:
    """Return verdicts that were not undone, newest first, each with its place.

    before: the place to go on from, or empty.
    """
    partitions = [places.handoffs_in(LISTED, shard) for shard in range(keys.HANDOFF_SHARDS)]
    given = (
        (place, _verdict_of(item)) for place, item in newest_in(table, partitions, before, most)
    )
    return [(place, one) for place, one in given if not one.is_undone]


def _verdict_of(item: Item) -> GivenVerdict:
    lead_id = str(item["pk"]).removeprefix(keys.LEAD)
    return verdict_in(lead_id, str(item["sk"]).removeprefix(keys.VERDICT), item)
