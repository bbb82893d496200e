"""Hand-overs: a small item beside each due one that was handed to a queue (ADR 0035)."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.clock.hand_over import HandOver
from chalicelib.clock.tasks import Due
from chalicelib.events import epoch_ms, from_epoch_ms, rfc3339
from chalicelib.limits import HANDOVER_KEPT_DAYS
from chalicelib.store import keys, places
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import ABSENT, Expectation, Item, Put, Table


class HandOvers:
    """Reads and writes hand-overs."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, dues: Sequence[Due], now: datetime) -> list[HandOver]:
        """Return what is known of each, in the same order."""
        items = {
            (str(item["pk"]), str(item["sk"])): item
            for item in self._table.get_many([_place(due) for due in dues])
        }
        return [_hand_over_of(due, items.get(_place(due)), now) for due in dues]

    def save(self, before: HandOver, after: HandOver, now: datetime) -> None:
        """Replace one, if it is still as before. Raise ConflictError."""
        self._table.write(Put(_item(after, now), _as_it_was(before)))

    def is_due(self, due: Due, now: datetime) -> bool:
        """Return whether a thing is due now, read consistently."""
        item = self._table.get(*_item_of_due(due))
        return item is not None and str(item.get("due_sk", keys.END)) <= places.due_at(
            now, keys.END
        )

    def in_quarantine(self, most: int) -> list[tuple[str, str]]:
        """Return the keys of what waits for a person, the longest first."""
        items = self._table.query(keys.QUARANTINE, limit=most, index="list")
        return [(str(item["pk"]), str(item["sk"])) for item in items]


def _item_of_due(due: Due) -> tuple[str, str]:
    """Return the key of the item that is due."""
    if due.task.takes_minutes:
        return keys.job(due.key), keys.JOB
    family = due.task.family
    return keys.lead(due.lead_id), family + due.key if family.endswith("#") else family


def _place(due: Due) -> tuple[str, str]:
    """Return the key of the item beside it."""
    pk, _ = _item_of_due(due)
    return pk, keys.beside(due.task.name, "" if due.task.takes_minutes else due.key)


def _as_it_was(one: HandOver) -> Expectation:
    if not one.is_stored:
        return ABSENT
    leased_until_ms = epoch_ms(one.leased_until) if one.leased_until else None
    return {"starts": one.starts, "leased_until_ms": leased_until_ms}


def _item(one: HandOver, now: datetime) -> Item:
    pk, sk = _place(one.due)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "schema": keys.SCHEMA,
        "starts": one.starts,
        "tries": one.tries,
    }
    if one.leased_until is not None:
        item["leased_until_ms"] = epoch_ms(one.leased_until)
    if one.quarantined_at is None:
        item |= expires_after(now, HANDOVER_KEPT_DAYS)
    else:
        at = one.quarantined_at
        item["quarantined_at_ms"] = epoch_ms(at)
        item |= {"list_pk": keys.QUARANTINE, "list_sk": f"{rfc3339(at)}#{pk}#{sk}"}
    return item


def _hand_over_of(due: Due, item: Item | None, now: datetime) -> HandOver:
    if item is None:
        return HandOver(due=due)
    leased_until_ms = item.get("leased_until_ms")
    quarantined_at_ms = item.get("quarantined_at_ms")
    # A worker that was lost after its work, weeks ago, says nothing about the next one.
    is_over = int(item.get("expires_at_epoch_s", epoch_ms(now))) < epoch_ms(now) // 1000
    return HandOver(
        due=due,
        starts=int(item["starts"]),
        tries=0 if is_over else int(item["tries"]),
        leased_until=from_epoch_ms(int(leased_until_ms)) if leased_until_ms is not None else None,
        quarantined_at=(
            from_epoch_ms(int(quarantined_at_ms)) if quarantined_at_ms is not None else None
        ),
        is_stored=True,
    )
