"""Enrolments, in the partitions of their leads (ADR 0055)."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.nurture.enrolment import Enrolment, counts_of
from chalicelib.nurture.enrolment_records import enrolment_in, record_of
from chalicelib.reading.turns import RunningSequence, SequenceTurn
from chalicelib.store import keys
from chalicelib.store.outbox import message_writes
from chalicelib.store.records import record_item
from chalicelib.store.table import Item, Put, Table


class Enrolments:
    """Reads enrolments, and moves each on the version that was read.

    kept_days: of a message, 0 for good.
    """

    def __init__(self, table: Table, kept_days: int = 0) -> None:
        self._table = table
        self._kept_days = kept_days

    def read(self, lead_id: str, key: str) -> Enrolment | None:
        """Return an enrolment as it stands now, or None."""
        item = self._table.get(keys.lead(lead_id), keys.ENROL + key)
        return enrolment_of(item) if item else None

    def of_lead(self, lead_id: str) -> list[Enrolment]:
        """Return all enrolments of a lead, in the order of their keys."""
        return enrolments_of_lead(self._table, lead_id)

    def running(self, lead_id: str) -> list[RunningSequence]:
        """Return the sequences that a lead is in, in the order of their keys."""
        return [
            RunningSequence(
                sequence=one.sequence, step=one.step, due_at=one.due_at, since=one.entered_at
            )
            for one in self.of_lead(lead_id)
            if one.is_running
        ]

    def first_ones(self, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return which of some enrolments there are, each by its lead and its key."""
        places = sorted((keys.lead(lead_id), keys.ENROL + key) for lead_id, key in wanted)
        return {
            (str(item["pk"]).removeprefix(keys.LEAD), str(item["sk"]).removeprefix(keys.ENROL))
            for item in self._table.get_many(places)
        }

    def move(
        self,
        before: Enrolment,
        after: Enrolment,
        *,
        planned: Sequence[OutboxMessage] = (),
        changed: Sequence[tuple[OutboxMessage, OutboxMessage]] = (),
        also: Sequence[Enrolment] = (),
    ) -> None:
        """Replace an enrolment, in one transaction with the messages that it plans or changes.

        also: enrolments that begin with it. Raise ConflictError when any of it is no longer as it
        was read.
        """
        record = record_of(before, after)
        began = [record_of(None, one) for one in also]
        counts = [
            *counts_of(before, after),
            *(count for one in also for count in counts_of(None, one)),
        ]
        self._table.write(
            Put(record_item(after.lead_id, record), record.expect),
            *(Put(record_item(after.lead_id, one), one.expect) for one in began),
            *message_writes(
                planned, changed, lead_id=after.lead_id, kept_days=self._kept_days, counts=counts
            ),
        )


def enrolments_of_lead(table: Table, lead_id: str) -> list[Enrolment]:
    """Return all enrolments of a lead, in the order of their keys."""
    items = table.query(keys.lead(lead_id), first=keys.ENROL, last=keys.ENROL + keys.END)
    return list(map(enrolment_of, items))


def enrolment_of(item: Item) -> Enrolment:
    """Return the enrolment of a stored item."""
    lead_id = str(item["pk"]).removeprefix(keys.LEAD)
    return enrolment_in(lead_id, str(item["sk"]).removeprefix(keys.ENROL), item)


def turns_of(enrolment: Enrolment) -> list[SequenceTurn]:
    """Return where a lead entered a sequence, and where it left it, if it has."""
    entered = SequenceTurn(
        at=enrolment.entered_at,
        key=enrolment.key,
        name="entered",
        sequence=enrolment.sequence,
        entry=enrolment.entry,
        cause=enrolment.cause,
    )
    if enrolment.ended is None or enrolment.ended_at is None:
        return [entered]
    exited = replace(
        entered,
        at=enrolment.ended_at,
        name="exited",
        cause=enrolment.ended.value,
        goal=enrolment.goal,
    )
    return [entered, exited]
