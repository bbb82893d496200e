"""Which emails a person wants: an item of the mailbox, which outlives every lead (ADR 0063).

It holds no personal data: the mailbox is a keyed hash, and topics are words of our own.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace

from chalicelib.consent.choice import Choice, Wanted
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import ConflictError
from chalicelib.events import epoch_ms
from chalicelib.store import keys
from chalicelib.store.attributes import time_in
from chalicelib.store.table import Check, Item, Put, Table, Write

CHOICE_CHECK = "choice"
"""What a conflict calls the check that a choice is still as it was read."""


def read_choice(table: Table, mailbox_id: str) -> Choice:
    """Return what was chosen for a mailbox."""
    return choice_of(table.get(keys.mailbox(mailbox_id), keys.CHOICE))


def check_wanted(
    choice: Choice,
    message: OutboxMessage,
    mailbox_id: str | None,
    topics_of: Callable[[OutboxMessage], frozenset[str]],
) -> list[Check]:
    """Return the check that a person still wants an email about these topics, and as many.

    choice: as it was read. Raise ConflictError for an email that they do not want: the next look at
    it says why.
    """
    if mailbox_id is None:
        return []
    if choice.wanted.topics is not None and not choice.wanted.allows(topics_of(message)):
        raise ConflictError({CHOICE_CHECK: {"version": choice.version}})
    # Claim against choice: one that comes after it was read changes the version. ADR 0063
    expect = {"version": choice.version or None}
    return [Check(keys.mailbox(mailbox_id), keys.CHOICE, expect, name=CHOICE_CHECK)]


def carry_choice(table: Table, mailbox_id: str, others: Iterable[str]) -> list[Write]:
    """Return the writes by which a survivor's mailbox knows what was chosen for another one of the
    person; none where something was chosen for it itself.
    """
    own = read_choice(table, mailbox_id)
    if own.at is not None:
        return []
    theirs = (read_choice(table, one) for one in others)
    last = max((one for one in theirs if one.at), key=_time_of, default=None)
    if last is None:
        return []
    return [put_choice(mailbox_id, own, replace(last, version=own.version + 1))]


def put_choice(mailbox_id: str, before: Choice, after: Choice) -> Put:
    """Return the write that replaces a choice, if it is still as it was before."""
    item: Item = {
        "pk": keys.mailbox(mailbox_id),
        "sk": keys.CHOICE,
        "schema": keys.SCHEMA,
        "version": after.version,
        "wanted": _packed(after.wanted),
        "before": _packed(after.before),
    }
    if after.at is not None:
        item["at_ms"] = epoch_ms(after.at)
    return Put(item, {"version": before.version or None})


def choice_of(item: Item | None) -> Choice:
    """Return the choice of a stored item."""
    if item is None:
        return Choice()
    return Choice(
        wanted=_unpacked(str(item["wanted"])),
        before=_unpacked(str(item["before"])),
        at=time_in(item, "at_ms"),
        version=int(item["version"]),
    )


def _time_of(choice: Choice) -> int:
    return epoch_ms(choice.at) if choice.at else 0


def _packed(wanted: Wanted) -> str:
    topics = sorted(wanted.topics) if wanted.topics is not None else None
    return json.dumps({"topics": topics, "fewer": wanted.fewer})


def _unpacked(text: str) -> Wanted:
    found = json.loads(text)
    topics = found["topics"]
    return Wanted(
        topics=frozenset(topics) if topics is not None else None, fewer=bool(found["fewer"])
    )
