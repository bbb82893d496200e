"""The simplest event that matches a signal: what a person would have to do, wildcards filled in.

Pure. What is missing to a stage is found by doing such an event on paper.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from string import ascii_lowercase

from chalicelib.events import Event, Kind, Value, event_id, lead_partition, visitor_partition
from chalicelib.scoring.matching import CAMPAIGN, Signal
from chalicelib.scoring.pattern import ANY
from chalicelib.scoring.tally import key_hash

# for what a signal does not ask about: a page, an event or a form that hardly another signal knows
ANYTHING = "a"
SOMEBODY = visitor_partition(ANYTHING)
# What the page around a form says, beside the form's own fields.
OF_THE_PAGE = frozenset({"path", "url", "referrer", "title", "unregistered"})


def sample(
    signal: Signal, lead_id: str, email: Value, at: datetime, known: Set[str] = frozenset()
) -> Event:
    """The simplest event by which a lead shows a signal, at a time. It may match no signal at all:
    a form that asks for another address is another person's.

    email: the lead's address, which every form of it has. known: the hashes of a distinct signal's
    keys that are counted already; the event has another key if it can.
    """
    asked = {name: _filled(patterns) for name, patterns in signal.where}
    if signal.distinct:
        asked[signal.distinct] = _new_key(dict(signal.where).get(signal.distinct, (ANY,)), known)
    if signal.kind is Kind.PAGE:
        asked.setdefault("path", f"/{ANYTHING}")
    campaign = {CAMPAIGN[name]: value for name, value in asked.items() if name in CAMPAIGN}
    properties, fields = _placed(
        signal.kind, {name: one for name, one in asked.items() if name not in CAMPAIGN}
    )
    partition = SOMEBODY if signal.kind in (Kind.PAGE, Kind.TRACK) else lead_partition(lead_id)
    return Event(
        partition=partition,
        id=event_id(partition, at, signal.id),
        kind=signal.kind,
        name="" if signal.kind is Kind.PAGE else _filled(signal.names or (ANY,)),
        at=at,
        captured_at=at,
        properties=properties,
        campaign=campaign,
        fields={**fields, "email": email} if signal.kind is Kind.FORM else {},
    )


def _placed(kind: Kind, asked: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What is asked of an event, as its properties and, of a form, its fields."""
    if kind is not Kind.FORM:
        return asked, {}
    around = {name: value for name, value in asked.items() if name in OF_THE_PAGE}
    return around, {name: value for name, value in asked.items() if name not in around}


def _filled(patterns: Sequence[str], filling: str = "") -> str:
    """A text that matches the first pattern: its stars are nothing, if that leaves a text without
    outer blanks.
    """
    text = patterns[0].replace(ANY, filling)
    return text if text and text == text.strip() else patterns[0].replace(ANY, filling or ANYTHING)


def _new_key(patterns: Sequence[str], known: Set[str]) -> str:
    """A text that matches a pattern and is no key that is known; of fixed keys that are all known
    the first.
    """
    fillings = [first + second for first in ("", *ascii_lowercase) for second in ascii_lowercase]
    texts = (_filled([pattern], filling) for filling in fillings for pattern in patterns)
    return next((text for text in texts if key_hash(text) not in known), _filled(patterns))
