"""The store of replies: each once, with what follows from it."""

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Any

from chalicelib.days import day_of
from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import parse_outbox_id
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import Event, epoch_ms, from_epoch_ms
from chalicelib.limits import REPLIES_PER_EMAIL, REPLIES_PER_LEAD, REPLY_KEPT_DAYS
from chalicelib.nurture.replies.reply import Reply, ReplyState
from chalicelib.store import keys, places
from chalicelib.store.events import put_event
from chalicelib.store.expiry import expires_after
from chalicelib.store.marks import marking
from chalicelib.store.newest import newest_in
from chalicelib.store.open_replies import WAITING, put_reply_count, waiting_in
from chalicelib.store.outbox import put_message
from chalicelib.store.table import ABSENT, Check, Item, Put, Table, Write


class ReplyItems:
    """Keeps replies, and lists them. kept_days: of the messages to sales, 0 for good."""

    def __init__(self, table: Table, kept_days: int = 0) -> None:
        self._table = table
        self._kept_days = kept_days

    def read(self, lead_id: str, one: str) -> Reply | None:
        """Return a reply, None when there is none."""
        item = self._table.get(keys.lead(lead_id), keys.reply(one))
        return reply_of(item) if item else None

    def has_open(self, lead_id: str) -> bool:
        """Return whether a reply of a lead waits for a person."""
        item = self._table.get(keys.lead(lead_id), keys.REPLIES)
        return item is not None and WAITING in item

    def keep(self, reply: Reply, event: Event | None, notice: OutboxMessage) -> bool:
        """Keep a reply, with its event and the message to sales, in one transaction.

        Return False when there were too many on this day; the first one that has to wait for a
        person is kept all the same. Raise ConflictError when another writer was first.
        """
        counted = self._counted(reply)
        if counted is None:
            return False
        self._table.write(
            Put(_listed(reply), ABSENT),
            counted,
            # Reply against merge: a merge after this brings along what waits here; one before it
            # fails this check, and the reply goes to the survivor. ADR 0062
            Check(keys.lead(reply.lead_id), keys.STANDING, {"merged_into": None}),
            put_message(notice, self._kept_days),
            *self._counted_as(reply, event),
        )
        return True

    def close(self, before: Reply, after: Reply, event: Event | None) -> None:
        """Note what a person decided about an open reply, with the event that it is then.

        Raise ConflictError when another writer was first.
        """
        lead_id = self._survivor(before.lead_id)
        item = self._table.get(keys.lead(lead_id), keys.REPLIES)
        self._table.write(
            Put(_listed(after), {"state": before.state.value}),
            put_reply_count(lead_id, item, waiting_in(item) - 1, at=after.decided_at),
            *self._counted_as(after, event),
        )

    def listed(
        self, states: Sequence[ReplyState], before: str, most: int
    ) -> list[tuple[str, Reply]]:
        """Return the replies in these states, newest first, each with its place.

        before: the place to go on from, or empty.
        """
        partitions = [
            places.replies_in(state, shard)
            for state in states
            for shard in range(keys.REPLY_SHARDS)
        ]
        return [
            (place, reply_of(item))
            for place, item in newest_in(self._table, partitions, before, most)
            if item["state"] in states  # a person may have looked
        ]

    def _counted(self, reply: Reply) -> Put | None:
        """Return the write that counts a reply; None when there were too many on this day."""
        item = self._table.get(keys.lead(reply.lead_id), keys.REPLIES)
        day = day_of(reply.captured_at, UTC).isoformat()
        spent: dict[str, int] = json.loads(str(item["spent"])) if item else {}
        if item is None or item["day"] != day:
            spent = {}
        waiting = waiting_in(item)
        is_over = sum(spent.values()) >= REPLIES_PER_LEAD
        is_over = is_over or spent.get(reply.message, 0) >= REPLIES_PER_EMAIL
        # Whoever asks us to stop is heard, however much was said before.
        if is_over and not (reply.is_open and not waiting):
            return None
        spent[reply.message] = spent.get(reply.message, 0) + 1
        return put_reply_count(
            reply.lead_id,
            item,
            waiting + int(reply.is_open),
            at=reply.captured_at,
            day=day,
            spent=spent,
        )

    def _counted_as(self, reply: Reply, event: Event | None) -> list[Write]:
        """Return the writes of a reply's event, with the mark of the email that it answers."""
        if event is None:
            return []
        if not reply.message:
            return [put_event(event)]
        lead_id, key = parse_outbox_id(reply.message)
        return [put_event(event), *marking(self._table, lead_id, key, Mark.REPLIED)]

    def _survivor(self, lead_id: str) -> str:
        """Return the id of the lead that a lead was merged into, its own where it was not."""
        while True:
            standing = self._table.get(keys.lead(lead_id), keys.STANDING)
            if standing is None or "merged_into" not in standing:
                return lead_id
            lead_id = str(standing["merged_into"])


def reply_of(item: Item) -> Reply:
    """Return the reply of a stored item."""
    decided_at = item.get("decided_at_ms")
    return Reply(
        lead_id=str(item["pk"]).removeprefix(keys.LEAD),
        id=str(item["sk"]).removeprefix(keys.REPLY),
        message=str(item.get("message", "")),
        at=from_epoch_ms(int(item["at_ms"])),
        captured_at=from_epoch_ms(int(item["captured_at_ms"])),
        text=str(item.get("text", "")),
        sender=str(item.get("sender", "")),
        state=ReplyState(str(item["state"])),
        decided_at=from_epoch_ms(int(decided_at)) if decided_at is not None else None,
        decided_by=str(item.get("decided_by", "")),
    )


def reply_place(reply: Reply) -> str:
    """Return the place of a reply in the lists."""
    return places.by_creation(reply.captured_at, f"{reply.lead_id}#{reply.id}")


def _listed(reply: Reply) -> Item:
    shard = keys.shard(reply.lead_id, keys.REPLY_SHARDS)
    item: Item = {
        "pk": keys.lead(reply.lead_id),
        "sk": keys.reply(reply.id),
        "schema": keys.SCHEMA,
        "at_ms": epoch_ms(reply.at),
        "captured_at_ms": epoch_ms(reply.captured_at),
        "state": reply.state.value,
        "list_pk": places.replies_in(reply.state, shard),
        "list_sk": reply_place(reply),
    }
    optional: dict[str, Any] = {
        "message": reply.message or None,
        "text": reply.text or None,
        "sender": reply.sender or None,
        "decided_at_ms": epoch_ms(reply.decided_at) if reply.decided_at else None,
        "decided_by": reply.decided_by or None,
    }
    item |= {name: value for name, value in optional.items() if value is not None}
    if reply.is_open:
        return item  # it may not be forgotten before somebody has looked
    return item | expires_after(reply.decided_at or reply.captured_at, REPLY_KEPT_DAYS)
