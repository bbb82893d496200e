"""Take tracking events in the format of Segment's HTTP API.

An event is the same event if its messageId and its original timestamp are the same, however often
it is sent and however sentAt corrects it. With both ids it is stored under anonymousId; userId is
a visitor in a namespace of its own.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from chalicelib.capture.cutting import warnings_of, within
from chalicelib.capture.items import TrackingItem, event_from_item
from chalicelib.capture.joining import Claim, SubmissionStore, claim, joins_of
from chalicelib.errors import AlreadyCapturedError, FieldError, InputError, TooLargeError
from chalicelib.events import (
    Event,
    Owner,
    Rank,
    lead_id_of,
    lead_partition,
    user_partition,
    visitor_partition,
)
from chalicelib.inputs.typed import parse_as
from chalicelib.limits import (
    BATCH_MAX_EVENTS,
    BATCHED_MAX_PER_SENT,
    BATCHED_MIN_BYTES,
    EVENT_MAX_BYTES,
    PING_STORED_MAX_BYTES,
)
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written_or_busy


class EventStore(SubmissionStore, Protocol):
    """Where events go. An identify with an address is stored as a form is."""

    def admit(self, partition: str, number: int, now: datetime) -> int:
        """Count so many pings as arrived in a partition; return how many of them may be stored."""

    def give_back(self, partition: str, number: int, now: datetime) -> None:
        """Count so many pings as not arrived: they were stored before."""

    def append(self, event: Event) -> bool:
        """Store an event; return False when it was there already."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An item that can be stored."""

    event: Event
    visitors: Sequence[str]
    """The partitions of its ids, which it claims for its lead if it names one."""
    warnings: Sequence[FieldError]
    """What was cut."""


class Tracking:
    """Take tracking events."""

    def __init__(
        self, *, store: EventStore, lead_id_of: Callable[[str], str], runtime: Runtime
    ) -> None:
        self._store = store
        self._lead_id_of = lead_id_of
        self.runtime = runtime

    def one(self, data: Any, kind: str | None = None) -> Sequence[FieldError]:
        """Store one event. Return what was cut of it.

        kind: its type, as the endpoint names it. Raise InputError naming the field that is wrong.
        """
        if kind is not None and isinstance(data, dict):
            data = {**data, "type": kind}
        now = self.runtime.now()
        taken = self._take(parse_as(TrackingItem, data), now)
        self._store_all([taken], now)
        return taken.warnings

    def batch(self, data: Any) -> tuple[list[dict[str, Any]], list[FieldError]]:
        """Store a batch's good items. Return the others as `{"index", "reason"}`, and what was cut.

        Raise InputError for a body without a batch, a batch that is too long, or one without a
        good item; TooLargeError instead of the last if an item is over its limit.
        """
        items = _items_of(data)
        now = self.runtime.now()
        rejected: list[tuple[int, InputError]] = []
        every: list[Taken] = []
        warnings: list[FieldError] = []
        for index, (item, size) in enumerate(items):
            said = max(BATCHED_MIN_BYTES, BATCHED_MAX_PER_SENT * size)
            try:
                _check_size(size)
                taken = self._take(parse_as(TrackingItem, _with_defaults(item, data)), now, said)
            except InputError as error:
                rejected.append((index, error))
            else:
                every.append(taken)
                warnings += [
                    FieldError(f"batch.{index}.{one.field}", one.message) for one in taken.warnings
                ]
        if not every:
            too_large = any(isinstance(error, TooLargeError) for _, error in rejected)
            raise (TooLargeError if too_large else InputError)(
                *(
                    FieldError(f"batch.{index}.{one.field}", one.message)
                    for index, error in rejected
                    for one in error.errors
                )
            )
        self._store_all(every, now)
        return [{"index": index, "reason": str(error)} for index, error in rejected], warnings

    def _take(self, item: TrackingItem, now: datetime, max_said_bytes: int | None = None) -> Taken:
        """Return an item as it is stored. Raise InputError.

        An identify that names a person is an event of the lead. max_said_bytes: see `within`.
        """
        message_id = item.message_id or self.runtime.new_id()
        if not item.names_person:
            event = event_from_item(item, _partition_of(item), message_id, now)
        else:
            from chalicelib.capture.traits import fields_from_traits  # a ping needs none of it

            fields = fields_from_traits(item)
            partition = lead_partition(self._lead_id_of(fields.email))
            event = event_from_item(item, partition, message_id, now)
            event = replace(event, fields=fields.known())
        event, cut = within(event, PING_STORED_MAX_BYTES, max_said_bytes)
        return Taken(event, _visitors_of(item), warnings_of(cut, partial(_sent_as, item)))

    def _store_all(self, every: Sequence[Taken], now: datetime) -> None:
        """Store events as far as their partitions have room today (ADR 0033).

        Their senders are not told of the others: it would say how much is known of a person.
        """
        numbers = Counter(taken.event.partition for taken in every)
        room = {
            partition: self._store.admit(partition, number, now)
            for partition, number in numbers.items()
        }
        repeats = Counter[str]()
        for taken in every:
            partition = taken.event.partition
            room[partition] -= 1
            if room[partition] >= 0 and not self._append(taken, now):
                repeats[partition] += 1
        for partition, number in repeats.items():
            self._store.give_back(partition, number, now)

    def _append(self, taken: Taken, now: datetime) -> bool:
        """Store an event. Return False when it was there already."""
        lead_id = lead_id_of(taken.event.partition)
        if lead_id is None:
            return self._store.append(taken.event)
        return self._identify(lead_id, taken, now)

    @until_written_or_busy
    def _identify(self, lead_id: str, taken: Taken, now: datetime) -> bool:
        """Store what an identify says, and claim both of its ids as far as they are free."""
        claims = self._claims(taken.visitors, lead_id, now)
        if joins := joins_of(claims):
            rank = claims[0].after.rank  # of all: only who has the browser already has another one
            admitted = self._store.admit_to_lead(lead_id, joins=len(joins), rank=rank, now=now)
            joins = joins[: admitted.room]
            claims = [one for one in claims if not one.is_join or one.visitor in joins]
        event = replace(taken.event, joins=joins)
        try:
            self._store.accept(
                [event],
                lead_id=lead_id,
                claims=claims,
                proof=None,
                receipt=None,
                now=now,
            )
        except AlreadyCapturedError:
            return False  # it was stored before, and so was what it claims
        return True

    def _claims(self, visitors: Sequence[str], lead_id: str, now: datetime) -> list[Claim]:
        """Return what an identify claims. visitors: its ids, the browser's before the user's.

        A user id is claimed with the evidence that the browser gives: anybody can name anybody's,
        but not from a browser that is the lead's already (ADR 0037).
        """
        claims = []
        evidence = Rank.IDENTIFY
        for visitor in visitors:
            owner = self._store.owner(visitor)
            claims.append(claim(self._store, visitor, owner, Owner(lead_id, evidence), now))
            if owner and owner.lead_id == lead_id:
                evidence = owner.rank
        return [one for one in claims if one]


def _items_of(data: Any) -> list[tuple[Any, int]]:
    """Return the items of a batch, each with its size in UTF-8 bytes. Raise InputError."""
    items = data.get("batch") if isinstance(data, dict) else None
    if not isinstance(items, list) or not items:
        raise InputError(FieldError("batch", "must be a list of events"))
    if len(items) > BATCH_MAX_EVENTS:
        words = f"must have at most {BATCH_MAX_EVENTS} events; it has {len(items)}"
        raise InputError(FieldError("batch", words))
    return [(item, _size(item)) for item in items]


def _size(item: Any) -> int:
    """Return the bytes of an item, as compactly as it can be sent."""
    text = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode(errors="surrogatepass"))


def _check_size(size: int) -> None:
    """Raise TooLargeError for an item over its limit."""
    if size > EVENT_MAX_BYTES:
        raise TooLargeError(
            FieldError("body", f"must be at most {EVENT_MAX_BYTES} bytes; it has {size}")
        )


def _sent_as(item: TrackingItem, path: str) -> str:
    """Return where the sender of an item wrote a value of its event."""
    part, _, name = path.partition(".")
    if path == "name":
        return "event" if item.event else "name"
    return {"campaign": "context.campaign", "fields": "traits"}.get(part, part) + f".{name}"


def _with_defaults(item: Any, batch: Mapping[str, Any]) -> Any:
    """Return an item with what its batch says for all: when it was sent, and the context."""
    if not isinstance(item, dict):
        return item
    return {key: batch[key] for key in ("sentAt", "context") if key in batch} | item


def _visitors_of(item: TrackingItem) -> list[str]:
    """Return the partitions of an item's ids, the anonymous id first."""
    anonymous = [visitor_partition(item.anonymous_id)] if item.anonymous_id else []
    known = [user_partition(item.user_id)] if item.user_id else []
    return anonymous + known


def _partition_of(item: TrackingItem) -> str:
    """Return the partition to store an item under. Raise InputError for an item without an id."""
    visitors = _visitors_of(item)
    if not visitors:
        raise InputError(FieldError("anonymousId", "give anonymousId or userId"))
    return visitors[0]
