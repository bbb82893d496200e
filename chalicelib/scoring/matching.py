"""Signals, and which of them an event matches: all signals of a kind are looked for at once.

A model has tens of signals, an event matches a few of them, and every page view is tried. So the
signals are not tried one by one: each is a bit, and one look at a property's value finds the bits
of all signals that it satisfies (pattern.py). The bits that are left after a look at every
property are those of the signals that the event matches.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import reduce
from operator import or_

from chalicelib.events import Event, FieldValue, Kind
from chalicelib.form_kinds import FORM_KIND, kind_facts
from chalicelib.mail_events import MailEvent
from chalicelib.scoring.pattern import ANY, Patterns, matches_any

CAMPAIGN_KEYS = {"source": "source", "medium": "medium", "campaign": "name"}
"""The campaign's parts as signals name them -> as an event has them."""


RECORDED_NAMES: Mapping[Kind, Set[str]] = {
    Kind.MAIL: frozenset(MailEvent),
    Kind.SALES: frozenset(),
}
"""Kind -> the only names that events of it have. Those of the other kinds have any name."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A compiled signal."""

    id: str
    kind: Kind
    names: tuple[str, ...] | None
    """The event's name must match one of these patterns; None for any name."""
    where: tuple[tuple[str, tuple[str, ...]], ...]
    """Properties, each with its patterns: it must match one of them."""
    distinct: str | None
    """The property whose values count once each."""
    topic: str | None
    words: str
    """What a reason says of it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the signals of a kind require of one property."""

    name: str | None
    """The property; None for the event's name."""
    patterns: Patterns
    others: int
    """The bits of the signals that require nothing of it."""

    def bits_of(self, value: FieldValue) -> int:
        """Return the bits of the signals that a value satisfies, or one of a list's values."""
        if not isinstance(value, tuple):  # as in every ping
            return self.patterns.bits_of(str(value))
        return reduce(or_, (self.patterns.bits_of(str(one)) for one in value), 0)


@dataclass(frozen=True, slots=True)
class Matcher:
    """The signals of one kind: the one at position n has the bit n."""

    signals: tuple[Signal, ...]
    looks: tuple[Look, ...]

    @classmethod
    def of(cls, signals: Sequence[Signal]) -> "Matcher":
        """Return a matcher of signals that are all of one kind."""
        required: dict[str | None, dict[int, tuple[str, ...]]] = {}
        for position, signal in enumerate(signals):
            for name, patterns in _required(signal):
                required.setdefault(name, {})[1 << position] = patterns
        every = (1 << len(signals)) - 1
        looks = tuple(_look(name, by_bit, every) for name, by_bit in required.items())
        return cls(tuple(signals), looks)

    def signals_of(self, event: Event) -> list[Signal]:
        """Return the signals that an event of this kind matches."""
        left = (1 << len(self.signals)) - 1
        for look in self.looks:
            value = event.name if look.name is None else value_of(event, look.name)
            left &= look.others if value is None else look.others | look.bits_of(value)
        found = []
        while left:
            lowest = left & -left
            found.append(self.signals[lowest.bit_length() - 1])
            left &= left - 1
        return found


def is_recorded(kind: Kind, names: Sequence[str] | None) -> bool:
    """Return whether events of a kind that have one of some names are recorded at all.

    names: patterns, one of which must match; None for any name.
    """
    recorded = RECORDED_NAMES.get(kind)
    if recorded is None:
        return True
    return any(names is None or matches_any(names, name) for name in recorded)


def value_of(event: Event, name: str) -> FieldValue | None:
    """Return what a signal's `where` or `distinct` sees under a name.

    That is a part of the campaign, a property, or a form's field; of a form whose event does not
    say it what the form is for, as its name has it.
    """
    if name in CAMPAIGN_KEYS:
        return event.campaign.get(CAMPAIGN_KEYS[name])
    value: FieldValue | None = event.properties.get(name)
    if value is None:
        value = event.fields.get(name)
    if value is None and event.kind is Kind.FORM and FORM_KIND not in event.properties:
        return kind_facts(event.name).get(name)
    return value


def _required(signal: Signal) -> Iterable[tuple[str | None, tuple[str, ...]]]:
    """Return each property with the patterns one of which it must match; None is the name."""
    required: dict[str | None, tuple[str, ...]] = dict(signal.where)
    if signal.names is not None:
        required[None] = signal.names
    if signal.distinct:
        required.setdefault(signal.distinct, (ANY,))
    return required.items()


def _look(name: str | None, by_bit: dict[int, tuple[str, ...]], every: int) -> Look:
    pairs = [(pattern, bit) for bit, patterns in by_bit.items() for pattern in patterns]
    return Look(name, Patterns.of(pairs), every & ~sum(by_bit))
