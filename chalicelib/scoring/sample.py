"""The simplest event that matches a signal: what a person would have to do.

Pure. Wildcards are filled in. leads/next_steps.py tries such events on paper to find what a lead
still needs.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from math import ceil, inf
from string import ascii_lowercase
from typing import assert_never

from chalicelib.events import (
    PINGS,
    Event,
    FieldValue,
    Kind,
    Value,
    event_id,
    lead_partition,
    visitor_partition,
)
from chalicelib.form_kinds import ASKS_FOR, FORM_KIND
from chalicelib.inputs.numbers import Numeric
from chalicelib.scoring.matching import CAMPAIGN_KEYS, Signal
from chalicelib.scoring.numbers import NumberRange
from chalicelib.scoring.pattern import ANY
from chalicelib.scoring.tally import key_hash

# For what a signal does not ask about: a page, an event or a form that hardly any signal knows.
ANYTHING = "a"
SAMPLE_VISITOR = visitor_partition(ANYTHING)

PAGE_PROPERTIES = frozenset(
    {"path", "url", "referrer", "title", "unregistered", FORM_KIND, ASKS_FOR}
)
"""What a form's event says of the form and of the page around it, besides the form's fields."""


def sample(
    signal: Signal, lead_id: str, email: FieldValue, at: datetime, known: Set[str] = frozenset()
) -> Event:
    """Return the simplest event by which a lead shows a signal, at a time.

    It may match no signal at all: a form that needs another address is another person's.

    email: the lead's address, which every form of it has. known: the hashes of a distinct signal's
    keys that are counted already; the event has another key if there is one.
    """
    required: dict[str, Value] = {name: _filled(patterns) for name, patterns in signal.where}
    ranges = dict(signal.numbers)
    required |= {name: _new_number(range_, frozenset()) for name, range_ in ranges.items()}
    if (name := signal.distinct) in ranges:
        required[name] = _new_number(ranges[name], known)
    elif name:
        required[name] = _new_key(dict(signal.where).get(name, (ANY,)), known)
    campaign = {
        CAMPAIGN_KEYS[name]: str(value) for name, value in required.items() if name in CAMPAIGN_KEYS
    }
    facts = {name: value for name, value in required.items() if name not in CAMPAIGN_KEYS}
    properties, fields = _placed(signal.kind, facts, email)
    # Of a form that no name is asked of, the name says what it is for.
    named_for = str(facts.get(ASKS_FOR) or facts.get(FORM_KIND) or ANY)
    partition = SAMPLE_VISITOR if signal.kind in PINGS else lead_partition(lead_id)
    return Event(
        partition=partition,
        id=event_id(partition, at, signal.id),
        kind=signal.kind,
        name="" if signal.kind is Kind.PAGE else _filled(signal.names or (named_for,)),
        at=at,
        captured_at=at,
        properties=properties,
        campaign=campaign,
        fields=fields,
    )


def _placed(
    kind: Kind, facts: Mapping[str, Value], email: FieldValue
) -> tuple[Mapping[str, Value], Mapping[str, FieldValue]]:
    """Return the properties and the fields of an event of a kind that says these facts."""
    match kind:
        case Kind.PAGE:
            return {"path": f"/{ANYTHING}", **facts}, {}
        case Kind.FORM:
            around = {name: value for name, value in facts.items() if name in PAGE_PROPERTIES}
            own = {name: value for name, value in facts.items() if name not in PAGE_PROPERTIES}
            return around, {**own, "email": email}
        case Kind.TRACK | Kind.MAIL | Kind.SALES | Kind.IDENTIFY | Kind.PERSON:
            return facts, {}
        case _:
            assert_never(kind)


def _filled(patterns: Sequence[str], filling: str = "") -> str:
    """Return a text that matches the first pattern.

    Its stars stand for nothing, if that leaves a text without blanks at its ends. It must also be
    a path that capture keeps as it is: a page's path loses the slash at its end.
    """
    text = patterns[0].replace(ANY, filling)
    kept = text and text == text.strip() and (text == "/" or not text.endswith("/"))
    return text if kept else patterns[0].replace(ANY, filling or ANYTHING)


def _new_key(patterns: Sequence[str], known: Set[str]) -> str:
    """Return a text that matches a pattern and is not a known key; the first if all are known."""
    fillings = [first + second for first in ("", *ascii_lowercase) for second in ascii_lowercase]
    texts = (_filled([pattern], filling) for filling in fillings for pattern in patterns)
    return next((text for text in texts if key_hash(text) not in known), _filled(patterns))


def _new_number(range_: NumberRange, known: Set[str]) -> Numeric:
    """Return a number of a range that is not a known key; the first if all are known."""
    is_open = range_.low == -inf
    first = min(0, ceil(range_.below) - 1) if is_open else range_.low
    step = -1 if is_open else 1
    numbers = [first, *(ceil(first) + step * number for number in range(len(known) + 2))]
    fresh = (one for one in numbers if range_.holds(one) and key_hash(one) not in known)
    return next(fresh, first)
