"""Signals, and which of them an event matches: for all signals of a kind at once.

A model has tens of signals, an event matches a few of them, and every page view is asked. So the
signals are not tried one by one: each is a bit, and what a signal asks of a property is found by
one look at the property's value for all signals (pattern.py). What is left when every property was
looked at are the signals that the event matches.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chalicelib.events import Event, Kind, Value
from chalicelib.scoring.pattern import ANY, Patterns

CAMPAIGN = {"source": "source", "medium": "medium", "campaign": "name"}


@dataclass(frozen=True, slots=True)
class Signal:
    """A compiled signal. names: patterns of which the event's name must match one, None for any
    name; `where` pairs a property with the patterns of which one must match; words: what a reason
    says of it.
    """

    id: str
    kind: Kind
    names: tuple[str, ...] | None
    where: tuple[tuple[str, tuple[str, ...]], ...]
    distinct: str | None
    topic: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Look:
    """What the signals of a kind ask of one property, or with None of the event's name. others: the
    bits of those that ask nothing of it.
    """

    name: str | None
    patterns: Patterns
    others: int


@dataclass(frozen=True, slots=True)
class Matcher:
    """The signals of one kind: the one at position n has the bit n."""

    signals: tuple[Signal, ...]
    looks: tuple[Look, ...]

    @classmethod
    def of(cls, signals: Sequence[Signal]) -> "Matcher":
        """A matcher of signals that are all of one kind."""
        asked: dict[str | None, dict[int, tuple[str, ...]]] = {}
        for position, signal in enumerate(signals):
            for name, patterns in _asked(signal):
                asked.setdefault(name, {})[1 << position] = patterns
        every = (1 << len(signals)) - 1
        return cls(
            tuple(signals), tuple(_look(name, by_bit, every) for name, by_bit in asked.items())
        )

    def signals_of(self, event: Event) -> list[Signal]:
        """The signals that an event of this kind matches."""
        left = (1 << len(self.signals)) - 1
        for look in self.looks:
            value = event.name if look.name is None else value_of(event, look.name)
            left &= (
                look.others if value is None else look.others | look.patterns.bits_of(str(value))
            )
        found = []
        while left:
            found.append(
                self.signals[(left & -left).bit_length() - 1]
            )  # the lowest bit that is left
            left &= left - 1
        return found


def value_of(event: Event, name: str) -> Value | None:
    """What a signal's `where` or `distinct` sees under a name: the campaign's words, a property, a
    form's field.
    """
    if name in CAMPAIGN:
        return event.campaign.get(CAMPAIGN[name])
    value = event.properties.get(name)
    return event.fields.get(name) if value is None else value


def _asked(signal: Signal) -> Iterable[tuple[str | None, tuple[str, ...]]]:
    """What a signal asks of an event: the patterns of which each property, and with None the name,
    must match one.
    """
    asked: dict[str | None, tuple[str, ...]] = dict(signal.where)
    if signal.names is not None:
        asked[None] = signal.names
    if signal.distinct:
        asked.setdefault(signal.distinct, (ANY,))
    return asked.items()


def _look(name: str | None, by_bit: dict[int, tuple[str, ...]], every: int) -> Look:
    pairs = [(pattern, bit) for bit, patterns in by_bit.items() for pattern in patterns]
    return Look(name, Patterns.of(pairs), every & ~sum(by_bit))
