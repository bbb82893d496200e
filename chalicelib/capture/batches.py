"""The items of a batch, and what is said of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.errors import FieldError, InputError, TooLargeError
from chalicelib.limits import BATCH_MAX_EVENTS, EVENT_MAX_BYTES

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class BatchTaken:
    """What became of a batch."""

    rejected: list[tuple[int, InputError]] = field(default_factory=list)
    """The items that are not kept, by their position."""
    warnings: list[FieldError] = field(default_factory=list)

    def refusal(self) -> InputError:
        """Return the refusal of a batch in which no event can be kept."""
        errors = [error for _, error in self.rejected]
        kind = (
            TooLargeError if any(isinstance(one, TooLargeError) for one in errors) else InputError
        )
        return kind(*(in_batch(index, one) for index, each in self.rejected for one in each.errors))


def items_of(data: Any) -> list[Any]:
    """Return the items of a batch, in their order. Raise InputError."""
    items = data.get("batch") if isinstance(data, dict) else None
    if not isinstance(items, list) or not items:
        raise InputError(FieldError("batch", "must be a list of events"))
    if len(items) > BATCH_MAX_EVENTS:
        words = f"must have at most {BATCH_MAX_EVENTS} events; it has {len(items)}"
        raise InputError(FieldError("batch", words))
    return items


def with_defaults(item: Any, batch: Mapping[str, Any]) -> Any:
    """Return an item with what its batch says for all: when it was sent, and the context."""
    if not isinstance(item, dict):
        return item
    return {key: batch[key] for key in ("sentAt", "context") if key in batch} | item


def size_of(item: Any) -> int:
    """Return the bytes of an item in UTF-8, as compactly as it can be sent.

    Raise TooLargeError for an item over its limit.
    """
    text = _compact(item)
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    if size > EVENT_MAX_BYTES:
        words = f"must be at most {EVENT_MAX_BYTES} bytes; it has {size}"
        raise TooLargeError(FieldError("body", words))
    return size


def in_batch(index: int, said: FieldError) -> FieldError:
    """Return what there is to say of an item, under its place in the batch."""
    return replace(said, field=f"batch.{index}.{said.field}")
