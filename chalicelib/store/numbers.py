"""What is counted of sequences, spread over several items of each: an email that leaves must not
wait for another one's count (ADR 0060).
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from chalicelib.delivery.counts import Count, count_change
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.store import keys
from chalicelib.store.table import Add, Table


def count_messages(*changes: tuple[OutboxMessage | None, OutboxMessage | None]) -> list[Add]:
    """Return the writes that count what becomes of messages of one lead, for their transaction.

    changes: each before and after, see `count_change`.
    """
    lead_ids = [one.lead_id for change in changes for one in change if one]
    counts = [count for change in changes for count in count_change(*change)]
    return added_up(counts, lead_ids[0]) if counts else []


def added_up(counts: Iterable[Count], lead_id: str) -> list[Add]:
    """Return the writes that count, one for each sequence.

    For the transaction of what is counted, so that each is counted once, whatever comes twice.
    """
    numbers: dict[str, Counter[str]] = {}
    for count in counts:
        numbers.setdefault(count.sequence, Counter())[count.what] += count.by
    shard = str(keys.shard(lead_id, keys.NUMBER_SHARDS))
    changed = {
        sequence: {what: by for what, by in added.items() if by}
        for sequence, added in numbers.items()
    }
    return [
        Add(keys.NUMBERS + sequence, shard, added, {"schema": keys.SCHEMA}, name=keys.NUMBERS)
        for sequence, added in changed.items()
        if added
    ]


def read_numbers(table: Table, sequence_id: str) -> Mapping[str, int]:
    """Return what was counted of a sequence, by what it is."""
    total: Counter[str] = Counter()
    for item in table.query(keys.NUMBERS + sequence_id):
        for name, number in item.items():
            if isinstance(number, int) and name != "schema":
                total[name] += number
    return total
