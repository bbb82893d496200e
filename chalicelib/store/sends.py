"""When marketing wrote to a mailbox in the last thirty days: counted where it is claimed.

The item holds keyed hashes and times, and is soon gone by itself (ADR 0056).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import ConflictError
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.limits import SENDS_KEPT
from chalicelib.nurture.spacing import COUNTED_FOR, SendLimits, next_allowed
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import Check, Item, Put, Table, Write, as_read

SEND_DIGEST_CHARS = 12  # of the hash of a message's id: a mailbox has a hundred at most
Sends = Mapping[str, datetime]
"""The digest of each message's id, and when it was last claimed."""


def read_sends(table: Table, mailbox_id: str, message: OutboxMessage) -> list[datetime]:
    """Return when emails left for a mailbox, or may have, besides a message itself."""
    sends = _sends_of(table.get(keys.mailbox(mailbox_id), keys.SENDS))
    return [at for digest, at in sends.items() if digest != _digest(message)]


def count_send(
    table: Table, claimed: OutboxMessage, mailbox_id: str, limits: SendLimits
) -> list[Put]:
    """Return the write that counts an email at its mailbox, for the transaction that claims it.

    Raise ConflictError when its caps do not allow one more now.
    """
    now = claimed.claimed_at
    assert now is not None, "a claimed message says when"
    item = table.get(keys.mailbox(mailbox_id), keys.SENDS)
    others = {one: at for one, at in _sends_of(item).items() if one != _digest(claimed)}
    # Claim against another email: it may have been claimed since the gate looked. Then this one
    # stays planned, and the gate says at the next look until when it waits. ADR 0056
    if next_allowed(others.values(), now, limits) > now:
        raise ConflictError({keys.SENDS: item})
    return [_put(mailbox_id, item, {**others, _digest(claimed): now})]


def carry_sends(table: Table, absorbed: str, survivor: str) -> list[Write]:
    """Return the writes by which what was sent to one mailbox counts for another, too."""
    theirs = table.get(keys.mailbox(absorbed), keys.SENDS)
    read = as_read(theirs, "version")
    writes: list[Write] = [Check(keys.mailbox(absorbed), keys.SENDS, read, name="absorbed sends")]
    if theirs is not None:
        ours = table.get(keys.mailbox(survivor), keys.SENDS)
        writes.append(_put(survivor, ours, {**_sends_of(theirs), **_sends_of(ours)}))
    return writes


def _put(mailbox_id: str, before: Item | None, sends: Sends) -> Put:
    """Return the write of a mailbox's item. It fails when another writer was first."""
    newest = sorted(sends.items(), key=lambda one: (one[1], one[0]))[-SENDS_KEPT:]
    last = newest[-1][1]
    kept = {one: epoch_ms(at) for one, at in newest if last - at < COUNTED_FOR}
    version = int(before["version"]) if before else 0
    item: Item = {
        "pk": keys.mailbox(mailbox_id),
        "sk": keys.SENDS,
        "schema": keys.SCHEMA,
        "version": version + 1,
        "sends": json.dumps(kept, separators=(",", ":")),
        **expires_after(last, COUNTED_FOR.days),
    }
    return Put(item, {"version": version or None})


def _sends_of(item: Item | None) -> Sends:
    if item is None:
        return {}
    sends = json.loads(str(item["sends"]))
    return {digest: from_epoch_ms(at_ms) for digest, at_ms in sends.items()}


def _digest(message: OutboxMessage) -> str:
    return sha256(message.id.encode()).hexdigest()[:SEND_DIGEST_CHARS]
