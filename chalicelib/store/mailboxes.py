"""Why nothing may be sent to a mailbox: two small items that outlive every lead (ADR 0036).

They hold no personal data besides keyed hashes. What a person wished stands on one item for all
spellings; that an address bounced stands on an item of that spelling. Whatever claims an email
checks both, and no stranger can make them grow.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from chalicelib.consent.consent import SuppressionReason, strongest
from chalicelib.consent.mailbox import Mailbox
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.store import keys
from chalicelib.store.table import ABSENT, Check, Item, Put, Table

Suppressions = Mapping[SuppressionReason, datetime]
"""Each reason why nothing may be sent, and since when."""
ItemKey = tuple[str, str]


def keys_of(mailbox: Mailbox) -> tuple[ItemKey, ItemKey]:
    """Return the keys of the two items: the wishes of its owner, and the bounce of a spelling."""
    pk = keys.mailbox(mailbox.id)
    return (pk, keys.SUPPRESSION), (pk, keys.BOUNCED + mailbox.spelling)


def read_suppressions(table: Table, mailbox: Mailbox) -> Suppressions:
    """Return why nothing may be sent to a mailbox by this spelling."""
    found = (table.get(*key) for key in keys_of(mailbox))
    return suppressions_of(item for item in found if item is not None)


def suppressions_of(items: Iterable[Item]) -> Suppressions:
    """Return what the two items of a mailbox say, those that there are."""
    found: dict[SuppressionReason, datetime] = {}
    for item in items:
        if item["sk"] == keys.SUPPRESSION:
            found |= unpack_suppressions(str(item["suppressions"]))
        else:
            found[SuppressionReason.BOUNCED] = from_epoch_ms(int(item["at_ms"]))
    return found


def add_suppressions(table: Table, mailbox: Mailbox, suppressions: Suppressions) -> list[Put]:
    """Return the writes that add reasons to those of a mailbox; none where it has them all.

    They fail when another writer was first.
    """
    writes = add_wishes(mailbox.id, read_wishes(table, mailbox.id), suppressions)
    bounce_key = keys_of(mailbox)[1]
    bounced_at = suppressions.get(SuppressionReason.BOUNCED)
    if bounced_at is not None and table.get(*bounce_key) is None:
        pk, sk = bounce_key
        bounce: Item = {"pk": pk, "sk": sk, "schema": keys.SCHEMA, "at_ms": epoch_ms(bounced_at)}
        writes.append(Put(bounce, ABSENT))
    return writes


def check_may_write(lead_id: str, mailbox: Mailbox | None) -> list[Check]:
    """Return the checks that an email to a lead, at this mailbox by this spelling, may leave.

    mailbox: None where no address is known yet, so that nothing leaves.
    """
    checks = [Check(keys.lead(lead_id), keys.CONSENT, {"marketing": True, "suppressed": None})]
    if mailbox is not None:
        # Not by the lead alone: others spell the same mailbox otherwise, and outlive it. ADR 0036
        wishes_key, bounce_key = keys_of(mailbox)
        checks += [Check(*wishes_key, {"suppressed": None}), Check(*bounce_key, ABSENT)]
    return checks


def read_wishes(table: Table, mailbox_id: str) -> Item | None:
    """Return the item of what the owner of a mailbox wishes, None where that is nothing."""
    return table.get(keys.mailbox(mailbox_id), keys.SUPPRESSION)


def add_wishes(mailbox_id: str, item: Item | None, suppressions: Suppressions) -> list[Put]:
    """Return the write that adds wishes to those of a mailbox; none where it has them all.

    item: as it was read; the write fails when another writer was first.
    """
    before = suppressions_of([item]) if item else {}
    wishes = {one: at for one, at in suppressions.items() if one.follows_person}
    if not wishes.keys() - before.keys():
        return []
    version = int(item["version"]) if item else 0
    after = _wishes_item(mailbox_id, {**wishes, **before}, version + 1)
    return [Put(after, {"version": version or None})]


def check_wishes(mailbox_id: str, item: Item | None) -> Check:
    """Return the check that the wishes of a mailbox are still what was read."""
    expect = {"version": int(item["version"]) if item else None}
    return Check(keys.mailbox(mailbox_id), keys.SUPPRESSION, expect, name="absorbed mailbox")


def pack_suppressions(suppressions: Suppressions) -> str:
    """Return reasons and their times as JSON."""
    return json.dumps({reason: epoch_ms(since) for reason, since in suppressions.items()})


def unpack_suppressions(text: str) -> Suppressions:
    """Return the reasons and times of their JSON."""
    return {
        SuppressionReason(reason): from_epoch_ms(at_ms)
        for reason, at_ms in json.loads(text).items()
    }


def _wishes_item(mailbox_id: str, wishes: Suppressions, version: int) -> Item:
    reason = strongest(wishes)
    assert reason is not None, "it is written with the first wish"
    return {
        "pk": keys.mailbox(mailbox_id),
        "sk": keys.SUPPRESSION,
        "schema": keys.SCHEMA,
        "version": version,
        "suppressed": reason.value,  # the one attribute that a claim asks for
        "suppressions": pack_suppressions(wishes),
    }
