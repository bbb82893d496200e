"""How values stand in the attributes of an item, and how they are read back."""

import json
import struct
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from chalicelib.days import UTC_NAME
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.lifecycle.stages import Outcome
from chalicelib.scoring.tally import Since, pack, unpack
from chalicelib.store.table import Item

_decode = json.JSONDecoder().raw_decode  # asks for no blanks, which no item has around its JSON
SINCE_FORMAT = struct.Struct(">I")  # the day, before the packed cells that were counted


def since_parts(since: Since | None) -> Item:
    """Return the attributes that say from when behaviour counts."""
    if since is None:
        return {}
    parts: Item = {"since": SINCE_FORMAT.pack(since.day) + pack(since.already_counted)}
    if since.at is not None:
        parts |= {
            "since_at_ms": epoch_ms(since.at),
            "since_matching": since.matching,
            "since_lead_id": since.lead_id,
        }
    return parts


def since_in(item: Item) -> Since | None:
    """Return from when behaviour counts, None when it always did."""
    if "since" not in item:
        return None
    packed = bytes_in(item["since"])
    (day,) = SINCE_FORMAT.unpack_from(packed)
    return Since(
        day,
        unpack(packed[SINCE_FORMAT.size :]),
        time_in(item, "since_at_ms"),
        str(item.get("since_matching", "")),
        str(item.get("since_lead_id", "")),
    )


def packed_texts(texts: Sequence[str]) -> str | None:
    """Return texts as JSON, or None when there are none."""
    return json.dumps(list(texts), ensure_ascii=False) if texts else None


def texts_in(item: Item, name: str) -> tuple[str, ...]:
    """Return the texts of an attribute, none when it is absent."""
    return tuple(json_in(item, name) or ())


def json_in(item: Item, name: str) -> Any:
    """Return what an attribute holds as JSON, None when it is absent, as most are of most leads."""
    return _decode(str(item[name]))[0] if name in item else None


def without_absent(optional: Mapping[str, Any]) -> Item:
    """Return the attributes that have a value."""
    return {name: value for name, value in optional.items() if value is not None}


def text_in(item: Item, name: str) -> str | None:
    """Return the text of an attribute, None when it is absent."""
    return str(item[name]) if name in item else None


def outcome_in(item: Item) -> Outcome | None:
    """Return the outcome of an item, None when it has none."""
    return Outcome(str(item["outcome"])) if "outcome" in item else None


def iso_day(day: date | None) -> str | None:
    """Return a day as it is stored."""
    return day.isoformat() if day else None


def day_in(item: Item, name: str) -> date | None:
    """Return the day of an attribute, None when it is absent."""
    return date.fromisoformat(str(item[name])) if name in item else None


def zone_in(item: Item) -> str:
    """Return the time zone of an item's days. One that names none has days of UTC."""
    return str(item.get("zone", UTC_NAME))


def time_in(item: Item, name: str) -> datetime | None:
    """Return the moment of an attribute in milliseconds, None when it is absent."""
    return from_epoch_ms(int(item[name])) if name in item else None


def bytes_in(value: object) -> bytes:
    """Return a packed attribute as bytes."""
    assert isinstance(value, bytes), "a packed attribute is bytes"
    return value


def milliseconds(at: datetime | None) -> int | None:
    """Return a moment in milliseconds since 1970."""
    return epoch_ms(at) if at is not None else None
