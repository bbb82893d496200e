"""A tracking item in the format of Segment's HTTP API, and the event that it becomes.

An item is read as far as it can be (ADR 0042). Only one that is not an object, has an unknown type
or has no id is refused. Keep this cheap to import and to run: every ping comes through it.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any

from chalicelib.capture.attribution import campaign_of_visit
from chalicelib.errors import FieldError, InputError
from chalicelib.events import RANK_OF_KIND, Event, Kind, Rank, Value, event_id
from chalicelib.inputs.repairs import Cleaned, Repair, Warned, warn
from chalicelib.inputs.texts import read_line
from chalicelib.inputs.times import event_time
from chalicelib.inputs.urls import path_of, read_path, read_property, read_url
from chalicelib.limits import EVENT_MAX_PROPERTIES, ID_MAX_CHARS, TEXT_MAX_CHARS

PROPERTY_NAME_MAX_CHARS = 100
PROPERTY_NAMES_CACHED = 256
PLAIN_CLIENT_ID = re.compile(rf"[\w.:$@+~-]{{1,{ID_MAX_CHARS}}}", re.ASCII)
#: A place of the tz database. What names no place (UTC, Etc/GMT+5) hides where the browser is.
ZONE = re.compile(r"(?!Etc/)[A-Z][A-Za-z_]{1,19}(/[A-Za-z0-9_+-]{1,24}){1,2}", re.ASCII)
PLAIN_PROPERTY = re.compile(rf"\w{{1,{PROPERTY_NAME_MAX_CHARS}}}", re.ASCII)
LONG_MAX_CHARS = 1_000_000  # far above any body: what is longer is cut when it is stored
DIGEST_CHARS = 16  # of a long id's hash, which tells it apart from others that begin alike


class Call(StrEnum):
    """What a client calls: the type of an item."""

    PAGE = "page"
    SCREEN = "screen"
    TRACK = "track"
    IDENTIFY = "identify"
    GROUP = "group"
    ALIAS = "alias"


KIND_OF_CALL: Mapping[Call, Kind] = {
    Call.PAGE: Kind.PAGE,
    Call.SCREEN: Kind.PAGE,
    Call.TRACK: Kind.TRACK,
    Call.IDENTIFY: Kind.IDENTIFY,
    Call.GROUP: Kind.IDENTIFY,
    Call.ALIAS: Kind.IDENTIFY,
}
"""Call -> the kind of event that it becomes: a screen is a page of an app, a group says of the
person's company what an identify says of the person, and an alias that two ids are one person's."""


@dataclass(slots=True)
class TrackingItem:
    """One tracking event as a client sends it. Keys that Baton does not use are ignored."""

    call: Call
    sent: Mapping[str, Any]
    """As it was sent."""
    anonymous_id: str = ""
    user_id: str = ""
    previous_id: str = ""
    """Of an alias: the id that the person had before."""
    message_id: str = ""
    name: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    warnings: list[Warned] = field(default_factory=list)
    """What was read otherwise than it was sent."""

    def take(self, name: str, read: Cleaned[Any]) -> Any:
        """Return the value of what was read, and note what there is to say of it."""
        if read.repairs or read.inside:
            self.warnings += read.warnings(name)
        return read.value


def read_item(sent: Any, call: Call | None = None) -> TrackingItem:
    """Return an item as it was sent, its ids and names read.

    call: what the endpoint is for; else the item says it. Raise InputError for anything but an
    object, and for an unknown type.
    """
    if not isinstance(sent, dict):
        raise InputError(FieldError("body", "must be a JSON object"))
    item = TrackingItem(call or _call_of(sent.get("type")), sent)
    for name, part in (("properties", "properties"), ("traits", "traits"), ("context", "context")):
        setattr(item, part, _object(item, name, sent.get(name)))
    item.anonymous_id = _id(item, "anonymousId")
    item.user_id = _id(item, "userId")
    item.message_id = _id(item, "messageId")
    if item.call is Call.ALIAS:
        item.previous_id = _id(item, "previousId")
    for name in ("event", "name"):
        if not item.name and sent.get(name) not in (None, ""):
            item.name = item.take(name, read_line(sent[name]))
    return item


def read_id(value: Any) -> Cleaned[str]:
    """Return an id as a text: of a number its digits, nothing for what can be no id.

    A word such as `null` stays one: it is kept, and joins nobody. Of an id that is too long the end
    becomes a hash, so that two of them stay two.
    """
    if value in (None, "") or isinstance(value, bool | list | dict):
        return Cleaned("", () if value in (None, "", [], {}) else (Repair.LEFT_OUT,))
    read = read_line(value, LONG_MAX_CHARS)
    text = read.value or str(value).strip() if Repair.EMPTY in read.repairs else read.value
    repairs = tuple(one for one in read.repairs if one is not Repair.EMPTY)
    if len(text) <= ID_MAX_CHARS:
        return Cleaned(text, repairs)
    digest = sha256(text.encode()).hexdigest()[:DIGEST_CHARS]
    return Cleaned(f"{text[: ID_MAX_CHARS - DIGEST_CHARS - 1]}~{digest}", (*repairs, Repair.CUT))


def event_from_item(
    item: TrackingItem,
    partition: str,
    message_id: str,
    now: datetime,
    own_domains: Callable[[], Collection[str]],
) -> Event:
    """Return the event of an item.

    Its id carries the client's own time; `at` is that time corrected by sentAt, never after now.
    """
    sent = item.sent
    time = event_time(
        sent.get("timestamp"), sent.get("sentAt"), now, original=sent.get("originalTimestamp")
    )
    item.warnings += time.warnings
    kind = KIND_OF_CALL[item.call]
    rank = RANK_OF_KIND.get(kind, Rank.FORM)
    page = _object(item, "context.page", item.context.get("page"))
    properties = dict(_properties(item))
    if path := _path(properties, page):
        properties["path"] = path
    return Event(
        partition=partition,
        id=event_id(partition, time.stamped, message_id),
        kind=kind,
        name=item.name,
        at=time.at,
        captured_at=now,
        properties=properties,
        campaign=_campaign(item, properties, page, own_domains),
        zone=_zone(item.context.get("timezone")),
        rank=rank,
        browser_rank=rank,
    )


def _call_of(named: Any) -> Call:
    try:
        return Call(str(named).strip().lower())
    except ValueError:
        words = f"must be one of {', '.join(Call)}"
        raise InputError(FieldError("type", words)) from None


def _object(item: TrackingItem, name: str, value: Any) -> Mapping[str, Any]:
    """Return an object, an empty one for what is none. PHP writes an empty one as []."""
    if isinstance(value, dict):
        return value
    if value not in (None, "", [], False):
        item.warnings.append(warn(name, Repair.LEFT_OUT))
    return {}


def _id(item: TrackingItem, name: str) -> str:
    value = item.sent.get(name)
    # Nearly every id is one already.
    if isinstance(value, str) and PLAIN_CLIENT_ID.fullmatch(value):
        return value
    return str(item.take(name, read_id(value)))


def _properties(item: TrackingItem) -> Iterator[tuple[str, Value]]:
    """Yield what signals can match on: texts, numbers and booleans, objects flattened once."""
    names: set[str] = set()
    for sent_name, value in _flattened(item.properties):
        if value is None or value in ([], {}):
            continue
        path = f"properties.{sent_name}"
        read_name = _property_name(sent_name)
        name = read_name.value
        if len(names) == EVENT_MAX_PROPERTIES:
            item.warnings.append(warn(path, Repair.TOO_MANY))
        elif not name or name in names:
            item.warnings.append(warn(path, Repair.LEFT_OUT))
        else:
            found = item.take(path, _value(name, value))
            if read_name.repairs:
                item.take(path, replace(read_name, value=found))
            if found != "" or isinstance(value, str):
                names.add(name)
                yield name, found


def _flattened(properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in properties.items():
        if isinstance(value, dict) and value:
            for inner, part in value.items():
                yield f"{name}.{inner}", part
        else:
            yield name, value


@lru_cache(maxsize=PROPERTY_NAMES_CACHED)  # a site sends the same few
def _property_name(name: str) -> Cleaned[str]:
    if PLAIN_PROPERTY.fullmatch(name):
        return Cleaned(name)
    return read_line(name, PROPERTY_NAME_MAX_CHARS)


def _value(name: str, value: Any) -> Cleaned[Any]:
    """Return the value of a property."""
    if name in ("url", "referrer"):
        return read_url(value)
    if name == "path":
        return read_path(value)
    if isinstance(value, list):
        return _listed(value)
    if isinstance(value, dict):
        return Cleaned("", (Repair.LEFT_OUT,))
    return read_property(value)


def _listed(values: list[Any]) -> Cleaned[str]:
    """Return a list of scalars as one text; of anything else nothing."""
    if any(isinstance(one, list | dict) for one in values):
        return Cleaned("", (Repair.LEFT_OUT,))
    texts = [read_property(one).value for one in values if one not in (None, "")]
    text = ", ".join(str(one) for one in texts)[:TEXT_MAX_CHARS]
    return Cleaned(text, (Repair.READ_AS,) if len(values) > 1 else ())


def _zone(said: Any) -> str:
    return said if isinstance(said, str) and ZONE.fullmatch(said) else ""


def _path(properties: Mapping[str, Value], page: Mapping[str, Any]) -> str:
    """Return the path of the item's own URL, else its path, else that of the context's page."""
    if url := str(properties.get("url", "")):
        return path_of(url)
    if path := str(properties.get("path", "")):
        return path
    context = (read_path(page[name]).value for name in ("url", "path") if page.get(name))
    return next((path for path in context if path), "")


def _campaign(
    item: TrackingItem,
    properties: Mapping[str, Value],
    page: Mapping[str, Any],
    own_domains: Callable[[], Collection[str]],
) -> Mapping[str, str]:
    given = _object(item, "context.campaign", item.context.get("campaign"))
    url, referrer = (
        str(properties[name]) if name in properties else read_url(page.get(name, "")).value
        for name in ("url", "referrer")
    )
    campaign, warnings = campaign_of_visit(given, url, referrer, own_domains)
    item.warnings += [replace(one, field=f"context.campaign.{one.field}") for one in warnings]
    return campaign
