"""The store of leads: profile, standing, transitions, and the transaction of a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from chalicelib.consent.mailbox import MailboxOf
from chalicelib.delivery.counts import Count, count_change
from chalicelib.delivery.message_keys import MessageKind, prefix_of
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import AlreadyPlannedError, ConflictError
from chalicelib.events import epoch_ms
from chalicelib.leads.lead import Lead
from chalicelib.leads.progress import Progress
from chalicelib.leads.requests import ReplayRequests
from chalicelib.lifecycle.stages import Recorded, Stage
from chalicelib.store import keys, places
from chalicelib.store.consents import Consents
from chalicelib.store.erased_counts import erased_counts
from chalicelib.store.events import put_event
from chalicelib.store.lead_items import (
    lead_of,
    profile_item,
    profile_parts,
    standing_item,
    unlisted,
)
from chalicelib.store.numbers import added_up
from chalicelib.store.open_replies import carry_waiting
from chalicelib.store.outbox import messages_of_lead, put_message, replace_message
from chalicelib.store.records import record_item
from chalicelib.store.replays import progress_of, replay_item, requests_of, saved_item
from chalicelib.store.table import ABSENT, GUARDED, Item, Put, Table, Write, as_read
from chalicelib.store.transition_items import transition_item, transition_of

if TYPE_CHECKING:
    from chalicelib.handoff.handoff import Handoff
    from chalicelib.handoff.verdicts import GivenVerdict
    from chalicelib.nurture.enrolment import Enrolment
    from chalicelib.qualify.reactions import LeadChange

PROFILE_PARTS = attrgetter("profile", "touches", "answers", "given", "emails")
NEVER_MS = 10**15  # than any moment, in milliseconds


class Leads:
    """Reads a lead in one query, writes a decision in one write. Reviews may be spread."""

    def __init__(
        self, table: Table, *, mailbox_of: MailboxOf, spread_reviews: bool, kept_days: int = 0
    ) -> None:
        self._table = table
        self._consents = Consents(table, mailbox_of)
        self._spread = spread_reviews
        self._kept_days = kept_days

    def read(self, lead_id: str) -> Lead:
        """Return a lead as it stands; version 0 when nothing was derived for it yet."""
        return lead_of(
            lead_id, self._table.query(keys.lead(lead_id), first=keys.PROFILE, last=keys.STANDING)
        )

    def read_many(self, lead_ids: Sequence[str]) -> list[Lead]:
        """Return leads in the order of their ids. Leave out those that do not exist."""
        wanted = [
            (keys.lead(lead_id), sk) for lead_id in lead_ids for sk in (keys.PROFILE, keys.STANDING)
        ]
        by_partition: dict[str, list[Item]] = {}
        for item in self._table.get_many(wanted):
            by_partition.setdefault(str(item["pk"]), []).append(item)
        found = (lead_of(lead_id, by_partition.get(keys.lead(lead_id), [])) for lead_id in lead_ids)
        return [lead for lead in found if lead.exists]

    def in_stage(self, stage: Stage, most: int) -> tuple[list[str], bool]:
        """Return the ids of a stage's leads, best stored score first, and whether there are more.

        most: how many ids at most. The index lags: a lead may have left the stage by now, or be
        missing, so a caller that reads the leads must look at their stage again.
        """
        found: list[tuple[str, str]] = []
        for shard in range(keys.STAGE_SHARDS):
            items = self._table.query(
                places.by_stage(stage, shard), newest_first=True, limit=most + 1, index="list"
            )
            found += [(str(item["list_sk"]), str(item["pk"])) for item in items]
        found.sort(reverse=True)
        return [pk.removeprefix(keys.LEAD) for _, pk in found[:most]], len(found) > most

    def every(self, shard: int, after: str, most: int) -> list[str]:
        """Return the ids of a shard's leads after a given id, in order, at most `most`.

        A lead never changes its place in this index. So a walk over all shards finds each lead that
        was there when it began (ADR 0021).
        """
        found = self._table.query(
            places.all_leads(shard), first=after, limit=most + 1, index="list"
        )
        return [str(item["list_sk"]) for item in found if item["list_sk"] != after][:most]

    def write(self, before: Lead, after: Lead, change: "LeadChange") -> None:
        """Replace a lead, with all that changes with it, if its standing is still as before.

        This is one conditional put, or a transaction when more than the standing changes. Raise
        AlreadyPlannedError when only messages or records exist already, otherwise ConflictError.
        """
        plan = change.plan
        messages = {keys.message(message.key): message for message in plan.messages}
        records = {record.name_beside(after.lead_id): record for record in plan.records}
        changed = _each_once(plan.changed)
        writes = [
            *self._own_writes(before, after),
            *(Put(transition_item(after, moved), ABSENT) for moved in change.moved),
            *(put_event(event) for event in change.events),
            *(replace_message(*pair, self._kept_days) for pair in changed),
            *(self._absorb(*change.absorbed, after.lead_id) if change.absorbed else ()),
            *(put_message(message, self._kept_days) for message in messages.values()),
            *(
                Put(record_item(record.lead_id or after.lead_id, record), record.expect, name)
                for name, record in records.items()
            ),
        ]
        counts = [
            *plan.counts,
            *(count for message in messages.values() for count in count_change(None, message)),
            *(count for pair in changed for count in count_change(*pair)),
        ]
        made = {name for name, record in records.items() if record.expect == ABSENT}
        try:
            self._write_over(after, writes, counts)
        except ConflictError as conflict:
            failed = conflict.failed.keys()
            # A record that changes is none of these: another worker moved an enrolment, and the
            # decision must look again at what it ends. ADR 0055
            if failed and failed <= messages.keys() | made:
                # Only effects exist already: an earlier transition of the same cycle planned them,
                # so the decision holds without them (ADR 0003). When the standing lost as well, the
                # decision itself is stale and must be made again.
                raise AlreadyPlannedError(
                    messages=(str(messages[name].key) for name in failed & messages.keys()),
                    records=failed & records.keys(),
                ) from None
            raise

    def _write_over(self, after: Lead, writes: Sequence[Write], counts: Sequence[Count]) -> None:
        """Write a decision, also where something stands that an erasure has yet to delete.

        A lead that begins anew plans the keys of its earlier life (ADR 0046).
        """
        try:
            self._table.write(*writes, *added_up(counts, after.lead_id))
        except ConflictError as conflict:
            left = _left_over(after, conflict)
            if not left:
                raise
            gone = [count for item in left.values() for count in erased_counts(item)]
            self._table.write(
                *(_replacing(write, left) for write in writes),
                *added_up([*counts, *gone], after.lead_id),
            )

    def notices(self, lead_id: str, cycle: int) -> list[OutboxMessage]:
        """Return the notices of a cycle's handoff."""
        return messages_of_lead(self._table, lead_id, prefix_of(MessageKind.HANDOFF, cycle))

    def handoffs(self, lead_id: str) -> "list[Handoff]":
        """Return all handoffs of a lead."""
        from chalicelib.store.handoffs import handoffs_of_lead  # few events ask for them

        return handoffs_of_lead(self._table, lead_id)

    def verdict(self, lead_id: str, cycle: int) -> "GivenVerdict | None":
        """Return the verdict on a cycle's handoff, None without one."""
        from chalicelib.store.verdicts import read_verdict  # few events ask for it

        return read_verdict(self._table, lead_id, cycle)

    def enrolments(self, lead_id: str) -> "list[Enrolment]":
        """Return all enrolments of a lead."""
        from chalicelib.store.enrolments import enrolments_of_lead  # few events ask for them

        return enrolments_of_lead(self._table, lead_id)

    def messages(self, lead_id: str) -> list[OutboxMessage]:
        """Return all messages of a lead."""
        return messages_of_lead(self._table, lead_id)

    def transitions(self, lead_id: str, newest: int | None = None) -> list[Recorded]:
        """Return a lead's transitions, newest first. newest: how many at most; None for all."""
        found = self._table.query(
            keys.lead(lead_id),
            first=keys.TRANSITION,
            last=keys.TRANSITION + keys.END,
            newest_first=True,
            limit=newest,
        )
        return [transition_of(item) for item in found]

    def transition(self, lead_id: str, version: int) -> Recorded | None:
        """Return the transition that made a version of a lead's standing, or None."""
        item = self._table.get(keys.lead(lead_id), keys.transition(version))
        return transition_of(item) if item else None

    def request_replay(self, lead: Lead, due_at: datetime) -> None:
        """Ask the clock to replay a lead at a time. Raise ConflictError."""
        self.put_requests(lead, lead.requests.at(due_at))

    def put_requests(self, lead: Lead, after: ReplayRequests) -> None:
        """Replace what is requested about a lead, if it is still what was read with it.

        Touches only the lead's REPLAY item, never its standing: a flood of pings must not make the
        write of a running replay lose (ADR 0007). Raise ConflictError.
        """
        expect = {"requests": lead.requests.count or None}
        self._table.write(Put(replay_item(lead.lead_id, after), expect))

    def replayed(self, lead: Lead) -> None:
        """Take a lead off the clock's list, unless a replay was requested since it was read.

        In that case it is due when the later request says (ADR 0007). Raise ConflictError when one
        comes in between.
        """
        item = self._table.get(keys.lead(lead.lead_id), keys.REPLAY)
        if item is not None:
            now = replace(lead, requests=requests_of(item))
            self.put_requests(now, now.requests.ended(lead.requests.worked_on))

    def unfinished(self, lead: Lead) -> Progress | None:
        """Return how far a long replay of a lead has come, None when none was saved."""
        item = self._table.get(keys.lead(lead.lead_id), keys.UNFINISHED)
        return progress_of(lead, item, profile_parts(item)) if item else None

    def save_unfinished(self, lead: Lead, progress: Progress) -> None:
        """Save how far a long replay of a lead has come."""
        item = saved_item(lead, progress, profile_item(progress.derived))
        # Without a condition: two workers that go on from the same place come to the same.
        self._table.write(Put(item, GUARDED))

    def _own_writes(self, before: Lead, after: Lead) -> list[Put]:
        """Return the writes of a lead's own items."""
        writes = [
            Put(standing_item(after, spread=self._spread), {"version": before.version or None})
        ]
        # The standing's version guards the profile too: both change in one transaction, never
        # alone. An unchanged profile is not written, so that most events cost a single put.
        was, now = map(PROFILE_PARTS, (before, after))
        if not before.exists or was != now or before.is_outdated:
            writes.append(Put(profile_item(after), GUARDED))
        return writes

    def _absorb(self, before: Lead, after: Lead, survivor: str) -> list[Write]:
        """Return the writes that take a merged lead off every list and off the clock (ADR 0019),
        with what goes on from it to its survivor.
        """
        standing = unlisted(standing_item(after, spread=self._spread))
        writes: list[Write] = [
            Put(standing, {"version": before.version or None}),
            *self._consents.carry_along(before.lead_id, survivor),
            *carry_waiting(self._table, before.lead_id, survivor),
        ]
        if before.version:
            writes.append(Put(unlisted(profile_item(after)), GUARDED))
        if before.requests.count:
            done = replace(before.requests, due_at=None, then_at=None)
            writes.append(
                Put(replay_item(before.lead_id, done), {"requests": before.requests.count})
            )
        return writes


def _each_once(
    changed: Sequence[tuple[OutboxMessage, OutboxMessage]],
) -> list[tuple[OutboxMessage, OutboxMessage]]:
    """Return the changes of messages, of each the first: a transaction writes an item once.

    An email that waited for a confirmation may be called off by the very event that confirms.
    """
    return [*{before.id: (before, after) for before, after in reversed(changed)}.values()]


def _left_over(after: Lead, conflict: ConflictError) -> dict[str, Item]:
    """Return the items that a write found, and an erasure has yet to delete."""
    if after.erased_at is None:
        return {}
    erased_at_ms = epoch_ms(after.erased_at)
    return {
        name: cast("Item", item)
        for name, item in conflict.failed.items()
        if item and int(str(item.get("created_at_ms", NEVER_MS))) <= erased_at_ms
    }


def _replacing(write: Write, left: Mapping[str, Item]) -> Write:
    """Return a write that takes the place of what is left over."""
    if not isinstance(write, Put) or write.label not in left:
        return write
    return replace(write, expect=as_read(left[write.label], "created_at_ms"))
