"""How many replies of a lead wait for a person, and how many came on a day.

They are numbers on one item, so that the claim of an email can check them (ADR 0062). It stands
with the lead that lives on, wherever the replies lie; a merge brings it along.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import Check, Item, Put, Table, Write, as_read

COUNT_KEPT_DAYS = 2
WAITING = "waiting"
"""The attribute that says how many replies of a lead wait; there is none where none does."""


def check_no_open_reply(lead_id: str) -> Check:
    """Return the check that no reply of a lead waits for a person, for the claim of an email."""
    # Claim against reply: one that came in since the gate was asked makes the claim fail, and the
    # next look finds it. ADR 0062
    return Check(keys.lead(lead_id), keys.REPLIES, {WAITING: None})


def carry_waiting(table: Table, absorbed: str, survivor: str) -> list[Write]:
    """Return the writes by which what waits for a person about one lead keeps the emails to the
    survivor of its merge. They fail when another writer was first.
    """
    theirs = table.get(keys.lead(absorbed), keys.REPLIES)
    waiting = waiting_in(theirs)
    if not waiting:
        expect = as_read(theirs, WAITING)
        return [Check(keys.lead(absorbed), keys.REPLIES, expect, name="absorbed replies")]
    ours = table.get(keys.lead(survivor), keys.REPLIES)
    at = from_epoch_ms(int(theirs["at_ms"])) if theirs else None
    return [
        replace(put_reply_count(absorbed, theirs, 0), name="absorbed replies"),
        put_reply_count(survivor, ours, waiting_in(ours) + waiting, at=at),
    ]


def put_reply_count(
    lead_id: str,
    item: Item | None,
    waiting: int,
    *,
    at: datetime | None = None,
    day: str | None = None,
    spent: Mapping[str, int] | None = None,
) -> Put:
    """Return the write that counts the replies of a lead; what is not given stays.

    It fails when another writer was first.
    """
    at_ms = epoch_ms(at) if at else int(item["at_ms"]) if item else 0
    after: Item = {
        "pk": keys.lead(lead_id),
        "sk": keys.REPLIES,
        "schema": keys.SCHEMA,
        "at_ms": at_ms,
        "version": (int(item["version"]) if item else 0) + 1,
        "day": day or (str(item["day"]) if item else ""),
        "spent": json.dumps(spent) if spent is not None else str(item["spent"]) if item else "{}",
    }
    if waiting > 0:
        after[WAITING] = waiting
    else:
        after |= expires_after(from_epoch_ms(at_ms), COUNT_KEPT_DAYS)
    return Put(after, as_read(item, "version"))


def waiting_in(item: Item | None) -> int:
    """Return how many replies wait, by the item that counts them."""
    return int(item.get(WAITING, 0)) if item else 0
