"""A walk over what is held on a lead: it deletes what came to be before the erasure (ADR 0046)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.delivery.counts import Count
from chalicelib.events import Join, Kind, epoch_ms
from chalicelib.privacy.erasure import Swept
from chalicelib.privacy.families import TIMES
from chalicelib.store import keys
from chalicelib.store.attributes import milliseconds
from chalicelib.store.erased_counts import erased_counts
from chalicelib.store.joins import join_of, owner_of
from chalicelib.store.numbers import added_up
from chalicelib.store.table import Check, Delete, Item, Put, Table, as_read
from chalicelib.store.tombstones import ERASED_AT

DELETES_AT_ONCE = 49
"""Deletes of one transaction: their items together stay below DynamoDB's 4 MB."""
KEPT_OF_LEAD = frozenset({keys.STANDING, keys.CONSENT})
"""What stays of a lead: that it was erased, and what suppresses it."""
COUNTERS = ("requests", "forms", "joins", "number", "starts", "version")
"""By which an item without a time is known to be the one that was read."""
CAPTURE_STEP = timedelta(milliseconds=1)


class ErasureSweep:
    """One walk over what is held on a lead."""

    def __init__(self, table: Table, lead_id: str, erased_at: datetime) -> None:
        self._table = table
        self._lead_id = lead_id
        self._pk = keys.lead(lead_id)
        self._erased_at = erased_at
        self._standing = table.get(self._pk, keys.STANDING)
        self._deletes: list[Delete] = []
        self._counts: dict[str, list[Count]] = {}
        """What the deletes of messages change in the numbers, by the delete's name."""
        self._timeless: list[Item] = []
        self._visitors: set[str] = set()
        self._deleted = 0
        self._has_begun = bool(self._standing and "created_at_ms" in self._standing)
        """Whether a new life has begun."""

    def result(self, *, is_whole: bool, merged: str | None = None) -> Swept:
        """Return how far it came, once all is written."""
        self._write()
        return Swept(deleted=self._deleted, is_whole=is_whole, merged=merged)

    def take(self, item: Item, go_on: Callable[[], bool]) -> bool:
        """Delete an item of the lead with what it leads to. Return False when time was over."""
        sk = str(item["sk"])
        if sk in KEPT_OF_LEAD:
            return True
        at = time_of(item)
        if sk.startswith(keys.JOIN):
            return self._take_join(item, go_on)
        if at is None:
            self._timeless.append(item)
            return True
        if at > epoch_ms(self._erased_at):
            # What a service reports of an old email does not begin a new life.
            is_news = sk.startswith(keys.EVENT) and item.get("kind") != Kind.MAIL
            self._has_begun = self._has_begun or is_news
            return True
        for visitor in json.loads(str(item.get("joins", "[]"))):
            join = Join(visitor, self._lead_id, self._erased_at)
            if self._is_joined_alone(visitor) and not self._take_visitor(join, go_on):
                return False
        self._give_up_shared(item)
        self._delete(item, self._counted(item))
        return True

    def finish(self) -> None:
        """Delete what has no time, unless it belongs to a new life; and what was put aside."""
        self._write()
        # Read before it is looked whether anything began: what came in between fails its condition.
        has_begun = self._has_begun or self._has_news()
        for item in self._timeless if not has_begun else []:
            self._delete(item, as_read(item, *COUNTERS))
        for partition in (self._pk, *self._visitors):
            self._deletes += self._put_aside(partition)
        self._write()

    def _has_news(self) -> bool:
        events = self._table.query(self._pk, first=keys.EVENT, last=keys.EVENT + keys.END)
        return any(
            item["kind"] != Kind.MAIL and int(item["captured_at_ms"]) > epoch_ms(self._erased_at)
            for item in events
        )

    def _is_joined_alone(self, visitor: str) -> bool:
        """Return whether a visitor is the lead's by an event alone, as older code joined it.

        What a screened form would have joined is not, whosever it is (ADR 0034, ADR 0044).
        """
        if self._table.get(self._pk, keys.join(visitor)) is not None:
            return False
        item = self._table.get(visitor, keys.OWNER)
        return item is not None and owner_of(item).lead_id == self._lead_id

    def _take_join(self, item: Item, go_on: Callable[[], bool]) -> bool:
        join = join_of(item)
        if not self._take_visitor(join, go_on):
            return False
        if join.captured_at <= self._erased_at:
            # The last of all: by it a later walk finds the visitor again.
            self._delete(item, as_read(item, "captured_at_ms"))
        return True

    def _take_visitor(self, join: Join, go_on: Callable[[], bool]) -> bool:
        """Delete what a visitor did for the lead. Return False when time was over."""
        if join.visitor in self._visitors:
            return True
        until = self._erased_at
        if join.ended_at is not None:
            until = min(until, join.ended_at - CAPTURE_STEP)
        kept: list[Item] = []
        for item in self._table.query(join.visitor):
            if not go_on():
                return False
            if _came_by(item, until):
                self._delete(item)
            else:
                kept.append(item)
        # Its events first: while somebody has a browser, nobody else can claim what it did.
        self._write()
        self._give_up(kept, join)
        self._visitors.add(join.visitor)
        return True

    def _give_up_shared(self, item: Item) -> None:
        """Strip the receipt of an item, and delete that a company has its owner by this lead."""
        if "receipt" in item:
            self._strip_receipt(str(item["receipt"]))
        if not str(item["sk"]).startswith(keys.OF_COMPANY):
            return
        company = self._table.get(str(item["sk"]), keys.COMPANY_OWNER)
        if company is not None and company["lead_id"] == self._lead_id:
            self._deletes.append(delete_item(company, as_read(company, "lead_id")))

    def _give_up(self, kept: Sequence[Item], join: Join) -> None:
        """Let a visitor be nobody's. kept: what is left of it."""
        is_used = join.ended_at is not None or any(time_of(item) is not None for item in kept)
        for item in kept:
            if item["sk"] == keys.OWNER:
                self._end_claim(item, join)
            elif not is_used:
                self._delete(item, as_read(item, *COUNTERS))

    def _end_claim(self, item: Item, join: Join) -> None:
        """Let a visitor not be the lead's, and not have been."""
        owner = owner_of(item)
        read = as_read(item, "lead_id", "rank", "contested_at_ms", "earlier")
        if owner.lead_id == self._lead_id:
            is_ours_anew = join.captured_at > self._erased_at
            self._deletes += [] if is_ours_anew else [delete_item(item, read)]
        elif self._lead_id in owner.earlier:
            earlier = {one: milliseconds(at) for one, at in owner.earlier.items()}
            del earlier[self._lead_id]
            kept = {name: value for name, value in item.items() if name != "earlier"}
            after = kept | ({"earlier": json.dumps(earlier)} if earlier else {})
            self._table.write(Put(after, read))

    def _strip_receipt(self, pk: str) -> None:
        """Leave of a receipt by what a repeat of the submission is recognised, until it expires."""
        item = self._table.get(pk, keys.RECEIPT)
        if item is None:
            return
        receipt = json.loads(str(item["receipt"])) | {"submission_id": "", "visitor_id": None}
        after = {**item, "receipt": json.dumps(receipt, ensure_ascii=False)}
        if after != item:
            self._table.write(Put(after, as_read(item, "receipt")))

    def _put_aside(self, partition: str) -> Iterator[Delete]:
        """Yield the deletes of the records of a partition that could not be read."""
        first = f"{partition}#"
        for item in self._table.query(keys.QUARANTINE, first=first, last=first + keys.END):
            yield delete_item(item, {})

    def _counted(self, item: Item) -> Mapping[str, Any]:
        """Count a message that still waits as not sent, and an enrolment that runs as ended, with
        its delete (ADR 0060).

        Return what the delete expects: a worker may be settling it, and then it is read again.
        """
        counts = erased_counts(item)
        self._counts[delete_item(item, {}).label] = counts
        return as_read(item, "version", "created_at_ms") if counts else {}

    def _delete(self, item: Item, expect: Mapping[str, Any] | None = None) -> None:
        self._deletes.append(delete_item(item, expect or {}))
        if len(self._deletes) >= DELETES_AT_ONCE:
            self._write()

    def _write(self) -> None:
        """Delete what was collected, while the lead's standing is as it was read.

        A decision in between may have begun a new life with a profile: then it is read again.
        """
        for start in range(0, len(self._deletes), DELETES_AT_ONCE):
            deletes = self._deletes[start : start + DELETES_AT_ONCE]
            read = as_read(self._standing, "version", ERASED_AT)
            counts = [count for one in deletes for count in self._counts.pop(one.label, ())]
            self._table.write(
                Check(self._pk, keys.STANDING, read), *deletes, *added_up(counts, self._lead_id)
            )
            self._deleted += len(deletes)
        self._deletes = []


def time_of(item: Item) -> int | None:
    """Return when an item came to be, None where that is not kept."""
    return next((int(item[name]) for name in TIMES if name in item), None)


def _came_by(item: Item, until: datetime) -> bool:
    """Return whether an item came to be by a moment."""
    at = time_of(item)
    return at is not None and at <= epoch_ms(until)


def delete_item(item: Item, expect: Mapping[str, Any]) -> Delete:
    """Return the write that deletes an item, if it is as expected."""
    # Named by both keys: the items of several partitions go at once.
    pk = str(item["pk"])
    sk = str(item["sk"])
    return Delete(pk, sk, expect, name=f"{pk} {sk}")
