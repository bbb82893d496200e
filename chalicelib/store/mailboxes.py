"""Why nothing may be sent to a mailbox: two small items that outlive every lead (ADR 0036).

They hold no personal data besides keyed hashes. What a person wished stands on one item for all
spellings; that an address bounced stands on an item of that spelling. Whatever claims an email
checks both, and no stranger can make them grow.
"""

import json
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import datetime

from chalicelib.consent.consent import (
    BasisKind,
    Consent,
    SuppressionReason,
    after_lift,
    is_lifted,
    lift_time,
    strongest,
)
from chalicelib.consent.mailbox import Mailbox
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.store import keys
from chalicelib.store.table import Check, Item, Put, Table, as_read

Suppressions = Mapping[SuppressionReason, datetime]
"""Each reason why nothing may be sent, and since when."""
ItemKey = tuple[str, str]
LIFTED = "lifted_at_ms"
"""When a confirmed opt-in took back what an item said."""


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
        elif "at_ms" in item:
            found[SuppressionReason.BOUNCED] = from_epoch_ms(int(item["at_ms"]))
    return found


def add_suppressions(
    table: Table,
    mailbox: Mailbox,
    suppressions: Suppressions,
    news: SuppressionReason | None = None,
) -> list[Put]:
    """Return the writes that add reasons to those of a mailbox; none where it has them all.

    news: the reason that was heard just now, see `add_wishes`. They fail when another writer was
    first.
    """
    writes = add_wishes(mailbox.id, read_wishes(table, mailbox.id), suppressions, news)
    reason = SuppressionReason.BOUNCED
    if reason not in suppressions:
        return writes
    pk, sk = keys_of(mailbox)[1]
    before = table.get(pk, sk)
    lifted_at = _lifted_at(before)
    bounced_at = suppressions[reason]
    is_over = news is not reason and is_lifted(reason, bounced_at, lifted_at)
    if is_over or (before is not None and "at_ms" in before):
        return writes
    since = after_lift(bounced_at, lifted_at)
    bounce: Item = {"pk": pk, "sk": sk, "schema": keys.SCHEMA, "at_ms": epoch_ms(since)}
    return [*writes, Put(bounce, as_read(before, "pk", "at_ms", LIFTED))]


def lift_suppressions(table: Table, mailbox: Mailbox, now: datetime) -> list[Put]:
    """Return the writes by which a confirmed opt-in takes back what a mailbox's owner wished
    before, and that this spelling bounced. A complaint stays.

    They fail when another writer was first.
    """
    item = read_wishes(table, mailbox.id)
    wishes = suppressions_of([item] if item else [])
    left = {one: at for one, at in wishes.items() if not one.ends_by_confirmation}
    version = int(item["version"]) if item else 0
    lifted_at = lift_time(now, wishes, _lifted_at(item))
    lifted = _wishes_item(mailbox.id, left, version + 1, lifted_at)
    writes = [Put(lifted, {"version": version or None})]
    pk, sk = keys_of(mailbox)[1]
    bounce = table.get(pk, sk)
    if bounce is not None:
        kept: Item = {
            "pk": pk,
            "sk": sk,
            "schema": keys.SCHEMA,
            LIFTED: epoch_ms(lift_time(now, suppressions_of([bounce]), _lifted_at(bounce))),
        }
        writes.append(Put(kept, as_read(bounce, "pk", "at_ms", LIFTED)))
    return writes


def check_may_write(
    lead_id: str, mailbox: Mailbox | None, consent_check: Mapping[str, bool | int | None]
) -> list[Check]:
    """Return the checks that a marketing email to a lead, at this mailbox by this spelling, may
    leave.

    mailbox: None where no address is known yet, so that nothing leaves; consent_check: what must
    hold of the lead's consent, besides that nothing suppresses it.
    """
    consent_key = (keys.lead(lead_id), keys.CONSENT)
    checks = [Check(*consent_key, {**consent_check, "suppressed": None})]
    if mailbox is not None:
        # Not by the lead alone: others spell the same mailbox otherwise, and outlive it. ADR 0036
        wishes_key, bounce_key = keys_of(mailbox)
        checks += [Check(*wishes_key, {"suppressed": None}), Check(*bounce_key, {"at_ms": None})]
    return checks


def must_hold(counting: Container[BasisKind], read: Callable[[], Consent]) -> dict[str, bool | int]:
    """Return what must hold of a lead's consent for one of the bases that count.

    read: reads the consent, where no single attribute answers (ADR 0045).
    """
    if BasisKind.OPT_OUT in counting:
        return {}
    if BasisKind.EXISTING_CUSTOMER in counting:
        consent = read()
        if consent.refusal(counting) is None:
            return {"version": consent.version}
    return {"marketing": True}


def read_wishes(table: Table, mailbox_id: str) -> Item | None:
    """Return the item of what the owner of a mailbox wishes, None where that is nothing."""
    return table.get(keys.mailbox(mailbox_id), keys.SUPPRESSION)


def add_wishes(
    mailbox_id: str,
    item: Item | None,
    suppressions: Suppressions,
    news: SuppressionReason | None = None,
) -> list[Put]:
    """Return the write that adds wishes to those of a mailbox; none where it has them all.

    item: as it was read; the write fails when another writer was first. news: the wish that was
    heard just now, which holds whatever was confirmed before. Older ones, which come by a merge or
    a rebuild, do not bring back what a confirmation has taken back since (ADR 0045).
    """
    before = suppressions_of([item]) if item else {}
    lifted_at = _lifted_at(item)
    wishes = {
        one: after_lift(at, lifted_at)
        for one, at in suppressions.items()
        if one.follows_person and (one is news or not is_lifted(one, at, lifted_at))
    }
    if not wishes.keys() - before.keys():
        return []
    version = int(item["version"]) if item else 0
    after = _wishes_item(mailbox_id, {**wishes, **before}, version + 1, lifted_at)
    return [Put(after, {"version": version or None})]


def without_wish(
    mailbox_id: str, item: Item | None, reason: SuppressionReason, since: datetime
) -> list[Put]:
    """Return the write that takes one wish of a mailbox back, if it is of that time; else none.

    item: as it was read; the write fails when another writer was first.
    """
    wishes = suppressions_of([item]) if item else {}
    if item is None or wishes.get(reason) != since:
        return []
    left = {one: at for one, at in wishes.items() if one is not reason}
    version = int(item["version"])
    after = _wishes_item(mailbox_id, left, version + 1, _lifted_at(item))
    return [Put(after, {"version": version})]


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


def _lifted_at(item: Item | None) -> datetime | None:
    return from_epoch_ms(int(item[LIFTED])) if item is not None and LIFTED in item else None


def _wishes_item(
    mailbox_id: str, wishes: Suppressions, version: int, lifted_at: datetime | None
) -> Item:
    item: Item = {
        "pk": keys.mailbox(mailbox_id),
        "sk": keys.SUPPRESSION,
        "schema": keys.SCHEMA,
        "version": version,
        "suppressions": pack_suppressions(wishes),
    }
    reason = strongest(wishes)
    if reason is not None:
        item["suppressed"] = reason.value  # the one attribute that a claim asks for
    if lifted_at is not None:
        item[LIFTED] = epoch_ms(lifted_at)
    return item
