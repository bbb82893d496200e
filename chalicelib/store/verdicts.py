"""VerdictItems on handoffs, in the partitions of their leads, listed by their time (ADR 0069)."""

from datetime import datetime

from chalicelib.events import rfc3339
from chalicelib.handoff.verdicts import LISTED, GivenVerdict, verdict_in
from chalicelib.store import keys, places
from chalicelib.store.newest import newest_in
from chalicelib.store.table import Item, Table


def read_verdict(table: Table, lead_id: str, cycle: int) -> GivenVerdict | None:
    """Return the verdict on a cycle's handoff, also one that was undone; None without one."""
    item = table.get(keys.lead(lead_id), f"{keys.VERDICT}{cycle}")
    return _verdict_of(item) if item else None


def verdicts_between(table: Table, begin: datetime, end: datetime, most: int) -> list[GivenVerdict]:
    """Return verdicts of a time that were not undone, newest first: those before its end, and not
    before it begins.
    """
    partitions = [places.handoffs_in(LISTED, shard) for shard in range(keys.HANDOFF_SHARDS)]
    found = newest_in(table, partitions, rfc3339(end), most)
    given = (_verdict_of(item) for _, item in found)
    return [one for one in given if begin <= one.at < end and not one.is_undone]


def _verdict_of(item: Item) -> GivenVerdict:
    lead_id = str(item["pk"]).removeprefix(keys.LEAD)
    return verdict_in(lead_id, str(item["sk"]).removeprefix(keys.VERDICT), item)
