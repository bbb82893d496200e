"""The variables of emails, and what stands in for one that is empty (ADR 0058)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Undefined

from chalicelib.delivery.templates import Needed

FIRST_NAME = "first_name"
COMPANY = "company_name"
WAY_OUT = "unsubscribe_url"
OF_ANSWERS = ("asset_title", "asset_url", "confirm_url")
"""What is known in an answer to a form alone, and even there not always: it may be empty."""
OF_PEOPLE = ("name", "first_name", "role", "phone", "email", "booking_url")
OF_OFFER = (
    "product", "job", "unit", "extras", "price_page", "security_page", "booking_url", "changes",
    "case.company", "case.result", "case.trouble",
)  # fmt: skip
OF_TIME = ("month", "later_month")
OF_THE_LEAD = ("form.title", "asked_on", "asked_weekday", "asked_month", "spoke_month")
OF_EVENT = (
    "event.title", "event.day", "event.time", "event.url", "event.place", "event.calendar_url",
)  # fmt: skip
OF_ASSET = ("asset.title", "asset.url")
VARIABLES = (
    COMPANY, FIRST_NAME, WAY_OUT, "website", "privacy_url",
    *(f"offer.{name}" for name in OF_OFFER),
    *(f"{whose}.{name}" for whose in ("sender", "owner") for name in OF_PEOPLE),
    *OF_THE_LEAD, *OF_TIME, *OF_EVENT, *OF_ASSET, *OF_ANSWERS,
)  # fmt: skip
"""What a template may name, besides the pages of `offer.links` and its own questions' answers."""
OFFER_PAGE = re.compile(r"offer\.links\.[a-z][a-z0-9_]{0,31}")
MAY_BE_EMPTY = frozenset({*OF_ANSWERS, WAY_OUT})

#: Where a name would stand that is not known: no blank is left before the comma behind it.
NAMELESS = "\ue000"
# Everything around it is bounded: a long row of blanks or tags must not be looked through again
# from each of its places.
_TAGS = r"((?:</?[a-z][^<>]{0,300}>){0,5})"
_BLANKS = r"[ \t]{0,5}"
AT_BEGIN = re.compile(
    rf"(^|\n|<(?:p|li|td|th|br|div|h\d)\b[^<>]{{0,300}}>)({_BLANKS}{_TAGS[1:-1]}){NAMELESS}"
    rf"{_TAGS}{_BLANKS}[,;:!.]?{_BLANKS}(\w?)"
)
BEFORE_END = re.compile(
    rf"{_BLANKS},?{_BLANKS}{_TAGS}{NAMELESS}(?={_TAGS}{_BLANKS}(?:[?.!;:]|$|\n|</))"
)
INSIDE = re.compile(rf"{_BLANKS}{_TAGS}{NAMELESS}")


class _Nameless(Undefined):
    """The first name of somebody whose name is not known: false, and empty in a comparison."""

    __slots__ = ()

    def __str__(self) -> str:
        return NAMELESS

    def __eq__(self, other: object) -> bool:
        return other == "" or super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = Undefined.__hash__


def values_of(
    variables: Iterable[str], facts: Mapping[str, str], defaults: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of variables as a template takes them, those with dots in mappings.

    facts: what is known, by the variables' names; defaults: what stands in for what is empty.
    What is empty all the same is false in a condition; where it is written, a first name leaves no
    trace (`without_traces`), and anything else raises NoValueError.
    """
    values: dict[str, Any] = {}
    for variable in variables:
        *around, name = variable.split(".")
        place = values
        for part in around:
            place = place.setdefault(part, {})
        place[name] = facts.get(variable) or defaults.get(variable) or _nothing(variable)
    return values


def _nothing(variable: str) -> object:
    if variable == FIRST_NAME:
        return _Nameless(name=variable)
    return "" if variable in MAY_BE_EMPTY else Needed(name=variable)


def without_traces(said: str) -> str:
    """Return what a template says to somebody without a name: "Hi ," never occurs."""
    if NAMELESS not in said:
        return said
    said = AT_BEGIN.sub(lambda found: f"{found[1]}{found[2]}{found[3]}{found[4].upper()}", said)
    return INSIDE.sub(r"\1", BEFORE_END.sub(r"\1", said))
