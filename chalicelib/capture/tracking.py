"""Tracking events in the Segment HTTP API's format.

An event is the same event if its messageId and original timestamp are the same, however often and
however corrected by sentAt it is sent. With both ids it is stored under anonymousId; userId is a
visitor in a namespace of its own.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from chalicelib.capture import joining
from chalicelib.errors import AlreadyCapturedError, FieldError, InputError, TooLargeError
from chalicelib.events import (
    EPOCH,
    Event,
    Kind,
    event_id,
    lead_partition,
    parse_time,
    user_partition,
    visitor_partition,
)
from chalicelib.inputs import (
    Id,
    Line,
    Parsed,
    Sent,
    TextScalar,
    Url,
    campaign_of,
    one_line,
    parse_as,
    path_of,
)
from chalicelib.limits import BATCH_MAX_EVENTS, EVENT_MAX_BYTES, EVENT_MAX_PROPERTIES
from chalicelib.writing import persist

if TYPE_CHECKING:
    from chalicelib.capture.forms import Fields

# A trait of `identify` in Segment's words, and ours.
TRAITS = {
    "email": "email",
    "firstName": "first_name",
    "first_name": "first_name",
    "lastName": "last_name",
    "last_name": "last_name",
    "title": "job_title",
    "job_title": "job_title",
    "company": "company",
    "company_size": "company_size",
    "industry": "industry",
    "country": "country",
    "phone": "phone",
}


ONE_DIGIT = re.compile(r"-(\d)(?=[-T])")  # Segment's own samples have `2015-2-02T...`


def _time(value: Any) -> datetime:
    try:
        at = parse_time(ONE_DIGIT.sub(r"-0\1", value))
        event_id("", at, "")
    except (TypeError, ValueError):
        raise ValueError(
            "must be an ISO 8601 time after 1970, for example 2026-11-22T09:30:00.000Z"
        ) from None
    return at


def _text_of_number(value: Any) -> Any:
    """Some clients send ids as numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Time = Annotated[datetime, BeforeValidator(_time)]
AnyId = Annotated[Id, BeforeValidator(_text_of_number)]
Key = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(one_line)]


class Item(BaseModel):
    """One tracking event as a client sends it. Keys that we do not use are ignored."""

    type: Literal["page", "track", "identify"]
    anonymous_id: AnyId | None = Field(default=None, alias="anonymousId")
    user_id: AnyId | None = Field(default=None, alias="userId")
    message_id: AnyId | None = Field(default=None, alias="messageId")
    timestamp: Time | None = None
    sent_at: Time | None = Field(default=None, alias="sentAt")
    event: Line | None = None
    name: Line | None = None
    properties: dict[Key, Any] | None = Field(default=None, max_length=EVENT_MAX_PROPERTIES)
    traits: dict[Key, Any] | None = Field(default=None, max_length=EVENT_MAX_PROPERTIES)
    context: dict[str, Any] | None = None


class Scalars(Sent):
    """The properties that signals can match on: texts, numbers, yes/no."""

    url: Url = ""
    path: Url = ""
    referrer: Url = ""
    __pydantic_extra__: dict[str, TextScalar]
    model_config = {"extra": "allow"}


class Context(Sent):
    """What we read of the context."""

    campaign: dict[str, Line | None] | None = None
    page: dict[str, Any] | None = None


class Store(joining.Store, Protocol):
    """What the use case needs of the table: an identify with an address is stored like a form."""

    def append(self, event: Event) -> bool:
        """Store an event; False when it was there already."""


class Tracking:
    """Takes tracking events. lead_of: the lead id of an address."""

    def __init__(
        self,
        store: Store,
        lead_of: Callable[[str], str],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        pause: Callable[[int], None],
    ) -> None:
        self._store, self._lead_of = store, lead_of
        self._now, self._new_id, self._pause = now, new_id, pause

    def one(self, data: Any, kind: str | None = None) -> None:
        """Store one event. kind: what the endpoint says it is, when the body does not.

        Raises InputError naming the field that is wrong.
        """
        if kind is not None and isinstance(data, dict):
            data = {**data, "type": kind}
        self._store_item(parse_as(Item, data))

    def batch(self, data: Any) -> list[dict[str, Any]]:
        """Store a batch's good items; the others are answered as `{"index", "reason"}`.

        Raises InputError when it is no batch, is too large, or has no good item.
        """
        items = data.get("batch") if isinstance(data, dict) else None
        if not isinstance(items, list) or not items:
            raise InputError(FieldError("batch", "must be a list of events"))
        if len(items) > BATCH_MAX_EVENTS:
            raise InputError(
                FieldError(
                    "batch", f"must have at most {BATCH_MAX_EVENTS} events; it has {len(items)}"
                )
            )
        for index, item in enumerate(items):
            if len(json.dumps(item)) > EVENT_MAX_BYTES:
                raise TooLargeError(
                    FieldError(f"batch.{index}", f"must be at most {EVENT_MAX_BYTES} bytes")
                )
        rejected: list[tuple[int, InputError]] = []
        for index, item in enumerate(items):
            try:
                self._store_item(parse_as(Item, _with_defaults(item, data)))
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

    def _store_item(self, item: Item) -> None:
        now = self._now()
        message_id = item.message_id or self._new_id()
        fields = fields_of(item)
        if fields is None:
            self._store.append(event_of(item, _visitor(item), message_id, now))
        else:
            persist(lambda: self._identify(item, fields, message_id, now), self._pause)

    def _identify(self, item: Item, fields: "Fields", message_id: str, now: datetime) -> None:
        """An unconfirmed form post without consent: it claims both ids if they are free."""
        lead_id = self._lead_of(fields.email)
        visitors = [visitor_partition(item.anonymous_id)] if item.anonymous_id else []
        visitors += [user_partition(item.user_id)] if item.user_id else []
        claims = [
            visitor
            for visitor in visitors
            if self._store.owner(visitor) is None and joining.is_free(self._store, visitor, now)
        ]
        event = event_of(item, lead_partition(lead_id), message_id, now)
        event = replace(event, fields=fields.known(), joins=tuple(claims))
        try:
            self._store.accept(
                [event], lead_id=lead_id, claims=claims, consents=None, answer=None, now=now
            )
        except AlreadyCapturedError:
            return  # it came before, and so did what it claims


def event_of(item: Item, partition: str, message_id: str, now: datetime) -> Event:
    """The event of an item. Its id carries the client's own time; `at` is corrected by sentAt,
    never after now.

    Raises InputError naming a property or a context that is wrong.
    """
    scalars = {
        name: value
        for name, value in (item.properties or {}).items()
        if isinstance(value, str | int | float)
    }
    properties = _checked(Scalars, scalars, "properties").model_dump(exclude_defaults=True)
    context = _checked(Context, item.context or {}, "context")
    page = _checked(
        Scalars,
        {k: v for k, v in (context.page or {}).items() if k in ("url", "referrer")},
        "context.page",
    )
    url = str(properties.get("url", ""))
    if path := (
        path_of(url) if url else properties.get("path") or (path_of(page.url) if page.url else "")
    ):
        properties["path"] = path
    stamped = item.timestamp or now
    drift = now - item.sent_at if item.sent_at and item.timestamp else timedelta(0)
    return Event(
        partition=partition,
        id=event_id(partition, stamped, message_id),
        kind=Kind(item.type),
        name=item.event or item.name or "",
        at=max(EPOCH, min(stamped + drift, now)),
        captured_at=now,
        properties=properties,
        campaign=campaign_of(context.campaign or {}, url or page.url),
    )


def fields_of(item: Item) -> "Fields | None":
    """What an identify with an e-mail trait says of the person, None for any other event.

    Raises InputError naming the trait that is wrong.
    """
    traits = item.traits or {}
    if item.type != "identify" or traits.get("email") in (None, ""):
        return None
    named = {
        name: _text_of_number(traits[trait])
        for trait, name in TRAITS.items()
        if traits.get(trait) not in (None, "")
    }
    company, address = traits.get("company"), traits.get("address")
    if isinstance(company, dict):
        size = company.get("employee_count") or company.get("employees")
        told = {
            "company": company.get("name"),
            "industry": company.get("industry"),
            "company_size": size,
        }
        named |= {name: value for name, value in told.items() if value not in (None, "")}
        named = {name: value for name, value in named.items() if value is not company}
    if isinstance(address, dict) and address.get("country"):
        named.setdefault("country", address["country"])
    from chalicelib.capture.forms import Fields  # a ping says nothing of a person

    try:
        return parse_as(Fields, named)
    except InputError as error:
        raise error.renamed(lambda field: _trait_path(field, traits)) from None


def _trait_path(field: str, traits: Mapping[str, Any]) -> str:
    """A field's path as the client named it."""
    return f"traits.{next((trait for trait, name in TRAITS.items() if name == field and trait in traits), field)}"


def _visitor(item: Item) -> str:
    """The partition an event is stored under. Raises InputError when it names nobody."""
    if item.anonymous_id:
        return visitor_partition(item.anonymous_id)
    if item.user_id:
        return user_partition(item.user_id)
    raise InputError(FieldError("anonymousId", "give anonymousId or userId"))


def _with_defaults(item: Any, batch: Mapping[str, Any]) -> Any:
    """An item with what its batch says for all: when it was sent, and the context."""
    if not isinstance(item, dict):
        return item
    return {key: batch[key] for key in ("sentAt", "context") if key in batch} | item


def _checked(model: type[Parsed], data: Any, path: str) -> Parsed:
    try:
        return parse_as(model, data)
    except InputError as error:
        raise error.renamed(lambda field: f"{path}.{field}") from None
