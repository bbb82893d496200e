"""A tracking item in the format of Segment's HTTP API, and the event that it becomes."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from chalicelib.errors import InputError
from chalicelib.events import EPOCH, RANK_OF_KIND, Event, Kind, Rank, event_id, parse_time
from chalicelib.inputs.texts import one_line
from chalicelib.inputs.typed import Id, LineText, Received, Shape, Tracked, Url, UrlPath, parse_as
from chalicelib.inputs.urls import campaign_of, path_of
from chalicelib.limits import EVENT_MAX_PROPERTIES

ONE_DIGIT = re.compile(r"-(\d)(?=[-T])")  # Segment's own samples have `2015-2-02T...`


def _client_time(value: Any) -> datetime:
    try:
        at = parse_time(ONE_DIGIT.sub(r"-0\1", value))
        event_id("", at, "")
    except (TypeError, ValueError):
        raise ValueError(
            "must be an ISO 8601 time in 1970 or later, for example 2026-11-22T09:30:00.000Z"
        ) from None
    return at


def text_of_number(value: Any) -> Any:
    """Return a whole number as text: some clients send ids and phone numbers as numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


ClientTime = Annotated[datetime, BeforeValidator(_client_time)]
ClientId = Annotated[Id, BeforeValidator(text_of_number)]
PropertyName = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(one_line)]


class TrackingItem(BaseModel):
    """One tracking event as a client sends it. Keys that Baton does not use are ignored."""

    type: Literal["page", "track", "identify"]
    anonymous_id: ClientId | None = Field(default=None, alias="anonymousId")
    user_id: ClientId | None = Field(default=None, alias="userId")
    message_id: ClientId | None = Field(default=None, alias="messageId")
    timestamp: ClientTime | None = None
    sent_at: ClientTime | None = Field(default=None, alias="sentAt")
    event: LineText | None = None
    name: LineText | None = None
    properties: dict[PropertyName, Any] | None = Field(
        default=None, max_length=EVENT_MAX_PROPERTIES
    )
    traits: dict[PropertyName, Any] | None = Field(default=None, max_length=EVENT_MAX_PROPERTIES)
    context: dict[str, Any] | None = None

    @property
    def names_person(self) -> bool:
        """Whether it is an identify with an email trait."""
        return self.type == "identify" and (self.traits or {}).get("email") not in (None, "")


class TrackedProperties(Received):
    """The properties that signals can match on: text, numbers and booleans."""

    url: Url = ""
    path: UrlPath = ""
    referrer: Url = ""
    __pydantic_extra__: dict[str, Tracked]
    model_config = {"extra": "allow"}


class TrackingContext(Received):
    """The parts of an item's context that Baton reads."""

    campaign: dict[str, LineText | None] | None = None
    page: dict[str, Any] | None = None


def event_from_item(item: TrackingItem, partition: str, message_id: str, now: datetime) -> Event:
    """Return the event of an item.

    Its id carries the client's own time; `at` is that time corrected by sentAt, never after now.
    Raise InputError naming a property or a part of the context that is wrong.
    """
    properties = _parse_part(TrackedProperties, _scalars(item.properties or {}), "properties")
    context = _parse_part(TrackingContext, item.context or {}, "context")
    page_parts = {k: v for k, v in (context.page or {}).items() if k in ("url", "referrer")}
    page = _parse_part(TrackedProperties, page_parts, "context.page")
    found = properties.model_dump(exclude_defaults=True)
    if path := _path(properties, page):
        found["path"] = path
    stamped = item.timestamp or now
    drift = now - item.sent_at if item.sent_at and item.timestamp else timedelta(0)
    kind = Kind(item.type)
    return Event(
        partition=partition,
        id=event_id(partition, stamped, message_id),
        kind=kind,
        name=item.event or item.name or "",
        at=max(EPOCH, min(stamped + drift, now)),
        captured_at=now,
        properties=found,
        campaign=campaign_of(context.campaign or {}, properties.url or page.url),
        rank=RANK_OF_KIND.get(kind, Rank.FORM),
        browser_rank=RANK_OF_KIND.get(kind, Rank.FORM),
    )


def _scalars(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in properties.items() if isinstance(v, str | int | float)}


def _path(properties: TrackedProperties, page: TrackedProperties) -> str:
    """Return the path of the item's own URL, else its path, else that of the context's page."""
    if properties.url:
        return path_of(properties.url)
    return properties.path or (path_of(page.url) if page.url else "")


def _parse_part(shape: type[Shape], data: Any, path: str) -> Shape:
    try:
        return parse_as(shape, data)
    except InputError as error:
        raise error.renamed(lambda field: f"{path}.{field}") from None
