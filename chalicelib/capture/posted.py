"""What a form post holds, under its sender's names, before anything of it is recognised."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chalicelib.capture.field_names import BRACKETS, WRAPPERS
from chalicelib.capture.submission import CAMPAIGN
from chalicelib.inputs.repairs import Repair, Warned, warn

FLAT_NAMES: Mapping[str, str] = {
    "_visitor_id": "visitor_id",
    "_submission_id": "submission_id",
    "_page_url": "page.url",
    "_page_title": "page.title",
    "_referrer": "page.referrer",
    "_consent": "consent.marketing",
    "_consent_text": "consent.text",
    "_redirect": "redirect",
    "_next": "redirect",
}
"""What a page calls the rest in hidden fields -> where it stands in the JSON form."""
PLACES = frozenset(FLAT_NAMES.values()) | {f"campaign.{key}" for key in CAMPAIGN}
OBJECTS = frozenset({"page", "campaign", "consent"})
"""The objects of the JSON form beside `fields`."""
ALSO = {"consent": "consent.marketing"}  # of a flat form: the box itself
TOKEN = "_token"  # what a page proves that it is one with
LIST_ITEM = re.compile(r"(.*[^\[\]]\]?)\[(0|[1-9][0-9]{0,3})\]")
FLATTENED_LEVELS = 8  # of objects within objects; what lies deeper is kept as text
NAME_KEYS = ("name", "id", "key", "field", "column_id", "label", "title")
VALUE_KEYS = ("value", "string_value")


class Part(NamedTuple):
    """One thing that was sent."""

    path: str
    """Where it stood, as the answer names it: `fields.company`, or `company` of a plain form."""
    name: str
    """What its sender calls it; of an object within an object `address.city`."""
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A form post."""

    fields: tuple[Part, ...]
    """What it says about the person, a repeated name once with a list of its values."""
    prefix: str = ""
    """What stands before the name of a field that is missed: `fields.` in the JSON form."""
    envelope: Mapping[str, Part] = field(default_factory=dict)
    """The rest, by its place in the JSON form: `visitor_id`, `page.url`, `consent.marketing`."""
    warnings: tuple[Warned, ...] = ()

    def sent(self, place: str) -> Any:
        """Return what stands in a place of the envelope, None for nothing."""
        part = self.envelope.get(place)
        return part.value if part else None

    def path_of(self, place: str) -> str:
        """Return what the sender calls a place of the envelope."""
        part = self.envelope.get(place)
        return part.path if part else place


def posted_of_pairs(pairs: Iterable[tuple[str, Any]], warnings: Iterable[Warned] = ()) -> Posted:
    """Return the post of a plain form: names with values, in order, some of them repeated."""
    values: dict[str, list[Any]] = {}
    every_pair = list(pairs)
    lists = _lists_in(dict(every_pair))
    for name, value in every_pair:
        values.setdefault(lists.get(name, name), []).append(value)
    parts = (
        Part(name, name, every[0] if len(every) == 1 else every) for name, every in values.items()
    )
    return _posted(parts, {}, warnings)


def _lists_in(names: Iterable[str]) -> dict[str, str]:
    """Return name -> name of its list, for names that count a list from 0: `tags[0]`, `tags[1]`.

    What builders number are fields, not the values of one: `item_meta[12]`, `answers[0]`.
    """
    found: dict[str, list[int]] = {}
    for name in names:
        if item := LIST_ITEM.fullmatch(name):
            found.setdefault(item[1], []).append(int(item[2]))
    return {
        f"{one}[{number}]": f"{one}[]"
        for one, numbers in found.items()
        if len(numbers) > 1 and numbers == list(range(len(numbers)))
        if BRACKETS.findall(one)[-1].lower() not in WRAPPERS
        for number in numbers
    }


def posted_of_json(data: Mapping[str, Any], warnings: Iterable[Warned] = ()) -> Posted:
    """Return the post of a JSON object, with the fields under `fields` or flat beside the rest."""
    envelope: dict[str, Part] = {}
    parts: list[Part] = []
    for part in _top_parts(data):
        place = ALSO.get(part.path, part.path)
        if place in PLACES:
            envelope[place] = part
        else:
            parts += _flattened(part)
    is_flat = "fields" not in data and bool(parts)
    return _posted(parts, envelope, warnings, "" if is_flat else "fields.")


def _top_parts(data: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what stands in an object, and what stands in the objects that the JSON form has."""
    for key, value in data.items():
        if key == "fields" and isinstance(value, Mapping):
            yield from (Part(f"fields.{name}", name, inner) for name, inner in value.items())
        elif key in OBJECTS and isinstance(value, Mapping):
            yield from (Part(f"{key}.{name}", f"{key}.{name}", one) for name, one in value.items())
        else:
            yield Part(key, TOKEN if key == "token" else key, value)


def _posted(
    parts: Iterable[Part], envelope: dict[str, Part], warnings: Iterable[Warned], prefix: str = ""
) -> Posted:
    fields = []
    said = list(warnings)
    for part in parts:
        place = FLAT_NAMES.get(part.name.strip().lower())
        if place is None:
            fields.append(part)
        elif place not in envelope:
            envelope[place] = part
        elif part.value not in ("", None, envelope[place].value):  # said twice, and not the same
            said.append(warn(part.path, Repair.TOO_MANY))
    return Posted(fields=tuple(fields), prefix=prefix, envelope=envelope, warnings=tuple(said))


def _flattened(part: Part, level: int = 0) -> Iterator[Part]:
    """Yield a part; one for each value of an object; of a list of names with values each by its
    name, as form builders send them.
    """
    named = _named_values(part)
    if named is not None:
        yield from named
    elif isinstance(part.value, Mapping) and level < FLATTENED_LEVELS and part.value:
        for name, inner in part.value.items():
            within = Part(f"{part.path}.{name}", f"{part.name}.{name}", inner)
            yield from _flattened(within, level + 1)
    else:
        yield part


def _named_values(part: Part) -> list[Part] | None:
    """Return what a list of names with values holds, or one such pair; None for anything else."""
    value = part.value
    if isinstance(value, Mapping):
        pair = _pair(value)
        return [Part(part.path, part.name, pair[1])] if pair else None
    if not isinstance(value, list) or not value:
        return None
    pairs = [_pair(one) if isinstance(one, Mapping) else None for one in value]
    if not all(pairs):
        return None
    return [
        Part(f"{part.path}.{index}", pair[0], pair[1])
        for index, pair in enumerate(pairs)
        if pair is not None
    ]


def _pair(value: Mapping[str, Any]) -> tuple[str, Any] | None:
    name = next((value[key] for key in NAME_KEYS if isinstance(value.get(key), str)), None)
    key = next((key for key in VALUE_KEYS if key in value), None)
    return (name, value[key]) if name is not None and key is not None else None
