"""Marks of messages, each written with the event that says why, and counted with it (ADR 0060)."""

from collections.abc import Set

from chalicelib.delivery.marks import Mark
from chalicelib.delivery.message_keys import MessageKey, parse_key
from chalicelib.delivery.outcomes import with_marks
from chalicelib.errors import ConflictError
from chalicelib.events import Event
from chalicelib.store import keys
from chalicelib.store.events import put_event
from chalicelib.store.expiry import EXPIRES_AT
from chalicelib.store.numbers import count_messages
from chalicelib.store.outbox_items import message_item, message_of
from chalicelib.store.table import Put, Table, Write, as_read


def write_mark(
    table: Table,
    lead_id: str,
    key: MessageKey,
    *add: Mark,
    takes_back: Set[Mark] = frozenset(),
    event: Event | None = None,
) -> bool:
    """Mark a message, and append the event that says why, in one transaction.

    A message that is gone is not marked; its event is appended all the same. Return False for an
    event that is stored already: then nothing is written. Raise ConflictError when another writer
    was first.
    """
    writes = marking(table, lead_id, key, *add, takes_back=takes_back)
    writes += [put_event(event)] if event else []
    if not writes:
        return True
    try:
        table.write(*writes)
    except ConflictError as conflict:
        if event is None or keys.event(event.id) not in conflict.failed:
            raise
        return False
    return True


def marking(
    table: Table,
    lead_id: str,
    key: MessageKey,
    *add: Mark,
    takes_back: Set[Mark] = frozenset(),
) -> list[Write]:
    """Return the writes that mark a message, for the transaction of why it is marked.

    None for a message that is gone, or is marked so already. They fail when another writer was
    first.
    """
    item = table.get(keys.lead(lead_id), keys.message(key))
    if item is None:
        return []
    before = message_of(item)
    after = with_marks(before, *add, takes_back=takes_back)
    if after is before:
        return []
    expiry = {EXPIRES_AT: item[EXPIRES_AT]} if EXPIRES_AT in item else {}
    put = Put(message_item(after) | expiry, as_read(item, "version", "created_at_ms"))
    return [put, *count_messages((before, after))]


def mark_named(
    table: Table, lead_id: str, message: str, *add: Mark, takes_back: Set[Mark] = frozenset()
) -> list[Write]:
    """Return the writes that mark a message, named by the text of its key as a link has it.

    None where the text names nothing: an empty one, or that of a later version.
    """
    try:
        key = parse_key(message)
    except ValueError:
        return []
    return marking(table, lead_id, key, *add, takes_back=takes_back)
