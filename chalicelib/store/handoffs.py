"""Handoffs, in the partitions of their leads, listed by their state (ADR 0067)."""

from collections.abc import Sequence

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.handoff.handoff import Handoff, HandoffState
from chalicelib.handoff.handoff_records import handoff_in, handoff_record
from chalicelib.store import keys, places
from chalicelib.store.newest import newest_places, read_places
from chalicelib.store.outbox import message_writes
from chalicelib.store.records import record_item
from chalicelib.store.table import Item, Put, Table


class Handoffs:
    """Reads handoffs, and changes each on the version that was read.

    kept_days: of a message, 0 for good.
    """

    def __init__(self, table: Table, kept_days: int = 0) -> None:
        self._table = table
        self._kept_days = kept_days

    def read(self, lead_id: str, cycle: int) -> Handoff | None:
        """Return the handoff of a lead's cycle as it stands now, or None."""
        item = self._table.get(keys.lead(lead_id), f"{keys.HANDOFF}{cycle}")
        return handoff_of(item) if item else None

    def of_lead(self, lead_id: str) -> list[Handoff]:
        """Return all handoffs of a lead."""
        return handoffs_of_lead(self._table, lead_id)

    def in_state(self, state: HandoffState, before: str, most: int) -> list[tuple[str, Handoff]]:
        """Return the handoffs in a state, newest first, each with its place.

        before: the place to go on from, or empty. There are fewer than `most` only at the end.
        """
        partitions = [places.handoffs_in(state, shard) for shard in range(keys.HANDOFF_SHARDS)]
        found: list[tuple[str, Handoff]] = []
        while len(found) < most:
            page = newest_places(self._table, partitions, before, most - len(found))
            if not page:
                break
            found += [
                (place, handoff_of(item))
                for place, item in read_places(self._table, page)
                if item["state"] == state  # it may have moved on since the index saw it
            ]
            before = list(page)[-1]
        return found

    def move(
        self,
        before: Handoff,
        after: Handoff,
        *,
        planned: Sequence[OutboxMessage] = (),
        changed: Sequence[tuple[OutboxMessage, OutboxMessage]] = (),
    ) -> None:
        """Replace a handoff, in one transaction with the messages that it plans or changes.

        Raise ConflictError when any of it is no longer as it was read.
        """
        record = handoff_record(before, after)
        self._table.write(
            Put(record_item(after.lead_id, record), record.expect),
            *message_writes(planned, changed, lead_id=after.lead_id, kept_days=self._kept_days),
        )


def handoffs_of_lead(table: Table, lead_id: str) -> list[Handoff]:
    """Return all handoffs of a lead."""
    items = table.query(keys.lead(lead_id), first=keys.HANDOFF, last=keys.HANDOFF + keys.END)
    return list(map(handoff_of, items))


def handoff_of(item: Item) -> Handoff:
    """Return the handoff of a stored item."""
    lead_id = str(item["pk"]).removeprefix(keys.LEAD)
    return handoff_in(lead_id, str(item["sk"]).removeprefix(keys.HANDOFF), item)
