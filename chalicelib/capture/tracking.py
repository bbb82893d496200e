"""Take tracking events in the format of Segment's HTTP API.

An event is the same event if its messageId and its original timestamp are the same, however often
it is sent and however sentAt corrects it. With both ids it is stored under anonymousId; userId is
a visitor in a namespace of its own.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.capture.items import TrackingItem, event_from_item
from chalicelib.capture.joining import SubmissionStore, is_free, within_room
from chalicelib.errors import AlreadyCapturedError, FieldError, InputError, TooLargeError
from chalicelib.events import Event, lead_partition, user_partition, visitor_partition
from chalicelib.inputs import parse_as
from chalicelib.limits import BATCH_MAX_EVENTS, EVENT_MAX_BYTES
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written_or_busy

if TYPE_CHECKING:
    from chalicelib.capture.submission import Fields


class EventStore(SubmissionStore, Protocol):
    """Where events go. An identify with an address is stored as a form is."""

    def append(self, event: Event) -> bool:
        """Store an event; return False when it was there already."""


class Tracking:
    """Take tracking events."""

    def __init__(
        self, *, store: EventStore, lead_id_of: Callable[[str], str], runtime: Runtime
    ) -> None:
        self._store = store
        self._lead_id_of = lead_id_of
        self.runtime = runtime

    def one(self, data: Any, kind: str | None = None) -> None:
        """Store one event.

        kind: its type, as the endpoint names it. Raise InputError naming the field that is wrong.
        """
        if kind is not None and isinstance(data, dict):
            data = {**data, "type": kind}
        self._store_item(parse_as(TrackingItem, data))

    def batch(self, data: Any) -> list[dict[str, Any]]:
        """Store a batch's good items; return the others as `{"index", "reason"}`.

        Raise InputError for a body without a batch, a batch that is too long, or one without a
        good item; TooLargeError for an item over its limit.
        """
        items = _items_of(data)
        rejected: list[tuple[int, InputError]] = []
        for index, item in enumerate(items):
            try:
                self._store_item(parse_as(TrackingItem, _with_defaults(item, data)))
            except InputError as error:
                rejected.append((index, error))
        if len(rejected) == len(items):
            raise InputError(
                *(
                    FieldError(f"batch.{index}.{one.field}", one.message)
                    for index, error in rejected
                    for one in error.errors
                )
            )
        return [{"index": index, "reason": str(error)} for index, error in rejected]

    def _store_item(self, item: TrackingItem) -> None:
        now = self.runtime.now()
        message_id = item.message_id or self.runtime.new_id()
        if not item.names_person:
            self._store.append(event_from_item(item, _partition_of(item), message_id, now))
            return
        from chalicelib.capture.traits import fields_from_traits  # a ping needs none of it

        self._identify(item, fields_from_traits(item), message_id, now)

    @until_written_or_busy
    def _identify(
        self, item: TrackingItem, fields: "Fields", message_id: str, now: datetime
    ) -> None:
        """Store an unconfirmed form post without consent, which claims both ids if free."""
        lead_id = self._lead_id_of(fields.email)
        claims = [
            visitor
            for visitor in _visitors_of(item)
            if self._store.owner(visitor) is None and is_free(self._store, visitor, now)
        ]
        claims = within_room(self._store, lead_id, claims)
        event = event_from_item(item, lead_partition(lead_id), message_id, now)
        event = replace(event, fields=fields.known(), joins=tuple(claims))
        try:
            self._store.accept(
                [event], lead_id=lead_id, claims=claims, consents=None, receipt=None, now=now
            )
        except AlreadyCapturedError:
            return  # it was stored before, and so was what it claims


def _items_of(data: Any) -> list[Any]:
    """Return the items of a batch. Raise InputError, TooLargeError."""
    items = data.get("batch") if isinstance(data, dict) else None
    if not isinstance(items, list) or not items:
        raise InputError(FieldError("batch", "must be a list of events"))
    if len(items) > BATCH_MAX_EVENTS:
        words = f"must have at most {BATCH_MAX_EVENTS} events; it has {len(items)}"
        raise InputError(FieldError("batch", words))
    for index, item in enumerate(items):
        if len(json.dumps(item)) > EVENT_MAX_BYTES:
            words = f"must be at most {EVENT_MAX_BYTES} bytes"
            raise TooLargeError(FieldError(f"batch.{index}", words))
    return items


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
