"""Take tracking events in the format of Segment's HTTP API.

An event is the same event if its messageId and its original timestamp are the same, however often
it is sent and however sentAt corrects it. With both ids it is stored under anonymousId; userId is
a visitor in a namespace of its own.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from chalicelib.capture.batches import BatchTaken, in_batch, items_of, size_of, with_defaults
from chalicelib.capture.cutting import warnings_of, within
from chalicelib.capture.items import Call, TrackingItem, event_from_item, read_item
from chalicelib.capture.joining import Claim, SubmissionStore, claim, joins_of
from chalicelib.capture.known_people import KnownPeople
from chalicelib.capture.marks import mark_in
from chalicelib.errors import AlreadyCapturedError, FieldError, InputError
from chalicelib.events import (
    USER_PREFIX,
    VISITOR_PREFIX,
    Event,
    FieldValue,
    Kind,
    Owner,
    Rank,
    lead_id_of,
    lead_partition,
    user_partition,
    visitor_partition,
)
from chalicelib.limits import (
    BATCHED_MAX_PER_SENT,
    BATCHED_MIN_BYTES,
    PING_STORED_MAX_BYTES,
)
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written_or_busy

#: Of a view of a page that a browser fetched ahead, and may never show.
NOT_SEEN = FieldError("type", "was not stored: the browser only fetched the page ahead")


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
    """What was read otherwise than it was sent, cut or left out."""
    mark: str = ""
    """Of a page view: which click of an email it follows. Not looked at yet."""

    @property
    def is_of_lead(self) -> bool:
        """Whether it names a person."""
        return lead_id_of(self.event.partition) is not None


class Tracking:
    """Take tracking events.

    view_followed: takes the mark of a click, and the browser whose page view followed it.
    """

    def __init__(
        self,
        *,
        store: EventStore,
        lead_id_of: Callable[[str], str],
        own_domains: Callable[[], Collection[str]],
        country: Callable[[], str | None],
        view_followed: Callable[[str, str], None],
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._country = country
        self._view_followed = view_followed
        self._lead_id_of = lead_id_of
        self._people = KnownPeople(store, lead_id_of)
        self._own_domains = own_domains
        self.runtime = runtime

    def one(
        self, data: Any, call: Call | None = None, *, is_seen: bool = True
    ) -> Sequence[FieldError]:
        """Store one event. Return what was read otherwise than it was sent.

        call: what the endpoint is for. is_seen: whether somebody looks at the page; views of a page
        that a browser only fetched ahead are not stored. Raise InputError, TooLargeError.
        """
        now = self.runtime.now()
        size_of(data)
        taken = self._take(read_item(data, call), now)
        if not is_seen and taken.event.kind is Kind.PAGE:
            return [NOT_SEEN]
        self._store_all([taken, *self._named_by([taken], now)], now)
        return taken.warnings

    def batch(self, data: Any, *, is_seen: bool = True) -> BatchTaken:
        """Store a batch's good items. Return the others, and what was read otherwise.

        is_seen: see `one`. Raise InputError for a body without a batch, a batch that is too long,
        or one without a good item; TooLargeError instead of the last if an item is over its limit.
        """
        now = self.runtime.now()
        result = BatchTaken()
        every: list[Taken] = []
        for index, item in enumerate(items_of(data)):
            try:
                said = max(BATCHED_MIN_BYTES, BATCHED_MAX_PER_SENT * size_of(item))
                read = read_item(with_defaults(item, data))
                if read.call is Call.ALIAS and any(one.is_of_lead for one in every):
                    self._store_all(every, now)  # it goes by what the identifies before it say
                    every = []
                taken = self._take(read, now, said)
            except InputError as error:
                result.rejected.append((index, error))
                continue
            is_stored = is_seen or taken.event.kind is not Kind.PAGE
            every += [taken] if is_stored else []
            warnings = taken.warnings if is_stored else [NOT_SEEN]
            result.warnings += [in_batch(index, one) for one in warnings]
        if len(result.rejected) == len(data["batch"]):
            raise result.refusal()
        self._store_all([*every, *self._named_by(every, now)], now)
        return result

    def _take(self, item: TrackingItem, now: datetime, max_said_bytes: int | None = None) -> Taken:
        """Return an item as it is stored. Raise InputError.

        What names a person is an event of the lead. max_said_bytes: see `within`.
        """
        message_id = item.message_id or self.runtime.new_id()
        visitors = _visitors_of(item)
        partition = visitors[0] if visitors else ""
        fields: dict[str, FieldValue] = {}
        words: dict[str, str] = {}
        if item.call in (Call.IDENTIFY, Call.GROUP):
            from chalicelib.capture.traits import address_of, read_traits  # a ping needs none of it

            address = address_of(item)
            partition = lead_partition(self._lead_id_of(address)) if address else partition
            said = read_traits(item, self._country())
            fields = {**said.fields, **({"email": address} if address else {})}
            words = dict(said.said)
        elif item.call is Call.ALIAS:
            partition, visitors, fields = self._people.aliased(item)
        if not partition:
            raise InputError(FieldError("anonymousId", "give anonymousId or userId"))
        event = event_from_item(item, partition, message_id, now, self._own_domains)
        if item.call in (Call.GROUP, Call.ALIAS):
            event = replace(event, name=item.call.value)
        event = replace(event, fields=fields, said=words) if fields else event
        event, cut = within(event, PING_STORED_MAX_BYTES, max_said_bytes)
        shortened = warnings_of(cut, partial(_sent_as, item))
        mark = mark_in(item.properties, item.context) if event.kind is Kind.PAGE else ""
        if mark:
            event = replace(event, campaign={})  # a link of our own email is not a touch
        return Taken(event, visitors, [*item.warnings, *shortened], mark)

    def _named_by(self, every: Sequence[Taken], now: datetime) -> list[Taken]:
        """Return the identifies that go with events whose user id is an address, one for each."""
        first = {
            visitor: taken
            for taken in reversed(every)
            for visitor in taken.visitors
            if visitor.startswith(USER_PREFIX) and "@" in visitor  # an id of a ping hardly is one
        }
        named = [
            (self._people.named_by(taken.event, visitor, now), taken.visitors)
            for visitor, taken in first.items()
        ]
        return [Taken(event, visitors, []) for event, visitors in named if event]

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
            is_new = self._store.append(taken.event)
            if taken.mark and is_new and taken.event.partition.startswith(VISITOR_PREFIX):
                self._view_followed(taken.mark, taken.event.partition)
            return is_new
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
            if not self._people.may_join(visitor, lead_id):
                continue
            owner = self._store.owner(visitor)
            claims.append(claim(self._store, visitor, owner, Owner(lead_id, evidence), now))
            if owner and owner.lead_id == lead_id:
                evidence = owner.rank
        return [one for one in claims if one]


def _sent_as(item: TrackingItem, path: str) -> str:
    """Return where the sender of an item wrote a value of its event."""
    part, _, name = path.partition(".")
    if path == "name":
        return "event" if item.sent.get("event") else "name"
    return {"campaign": "context.campaign", "fields": "traits"}.get(part, part) + f".{name}"


def _visitors_of(item: TrackingItem) -> list[str]:
    """Return the partitions of an item's ids, the anonymous id first."""
    anonymous = [visitor_partition(item.anonymous_id)] if item.anonymous_id else []
    known = [user_partition(item.user_id)] if item.user_id else []
    return anonymous + known
