"""Signals, and which of them an event matches: all signals of a kind are looked for at once.

A model has tens of signals, an event matches a few of them, and every page view is tried. So the
signals are not tried one by one: each is a bit, and one look at a property's value finds the bits
of all signals that it satisfies (pattern.py). The bits that are left after a look at every
property are those of the signals that the event matches. Which looks there are, and how each
finds its bits, is decided when a model is compiled (ADR 0054). A property that signals compare as
a number gets a look of its own (ADR 0048).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from operator import or_
from typing import NamedTuple

from chalicelib.events import Event, FieldValue, Kind, values_in
from chalicelib.form_kinds import FORM_KIND, kind_facts
from chalicelib.mail_events import COUNTED, MailEvent
from chalicelib.scoring.numbers import Amount, NumberRange, numbers_in
from chalicelib.scoring.pattern import ANY, Patterns, matches_any

CAMPAIGN_KEYS = {"source": "source", "medium": "medium", "campaign": "name"}
"""The campaign's parts as signals name them -> as an event has them."""

ACTS = "*"
"""The series of all that a person does, whatever it is; no signal can have its name."""

REQUESTS = "?"
"""The series of the requests, each once whatever it is called; no signal can have its name."""

OWN_KINDS: Mapping[Kind, tuple[str, ...] | None] = {
    Kind.PAGE: None,
    Kind.TRACK: None,
    Kind.FORM: None,
    Kind.MAIL: (
        MailEvent.CLICKED,
        MailEvent.ANSWERED,
        MailEvent.REPLIED,
        MailEvent.CONFIRMED,
    ),
}
"""What a person does: the kinds of event, each with its names; None for any name.

Whatever others do is left out: an email that arrives or bounces, an identify of the site's own
script, an import, sales (ADR 0048).
"""

REMEMBERED = 512  # names or values of a campaign's part, and sets of signals, each of one kind


RECORDED_NAMES: Mapping[Kind, Set[str]] = {
    Kind.MAIL: COUNTED,
    Kind.SALES: frozenset(),
}
"""Kind -> the only names that events of it count under. Those of the other kinds have any name."""


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
    numbers: tuple[tuple[str, NumberRange], ...] = ()
    """Properties that must be numbers, each with its range."""
    amount: Amount | None = None
    """Of which numbers a day is made; None where an event counts as one more."""


class Look(NamedTuple):
    """What the signals of a kind require of one property. A named tuple: every event unpacks it."""

    name: str
    """Of the property, or of the campaign's part."""
    of_text: Callable[[str], int]
    """Return the bits of the signals that a text satisfies."""
    of_other: Callable[[FieldValue], int]
    """Return the bits of the signals that another value satisfies, or one of a list's values."""
    others: int
    """The bits of the signals that require nothing of it."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """The signals of one kind: the one at position n has the bit n."""

    signals: tuple[Signal, ...]
    on_name: tuple[Look, ...] = field(repr=False, compare=False)  # these follow from the signals
    """The look at the event's name, if a signal requires one."""
    on_campaign: tuple[Look, ...] = field(repr=False, compare=False)
    on_facts: tuple[Look, ...] = field(repr=False, compare=False)
    """The looks at properties and fields."""
    every: int
    """The bits of all signals."""
    by_value: int
    """The bits of the signals whose events count by a value of their own, not as one more."""
    signals_with: Callable[[int], tuple[Signal, ...]] = field(init=False, repr=False, compare=False)
    """Return the signals of these bits."""

    def __post_init__(self) -> None:
        # Of all sets of signals that there could be, events show the same few.
        found = lru_cache(maxsize=REMEMBERED)(self._signals_with)
        object.__setattr__(self, "signals_with", found)

    @classmethod
    def of(cls, signals: Sequence[Signal]) -> "Matcher":
        """Return a matcher of signals that are all of one kind."""
        required: dict[str | None, dict[int, tuple[str, ...]]] = {}
        numbers: dict[str, list[tuple[NumberRange, int]]] = {}
        for position, signal in enumerate(signals):
            for name, patterns in _required(signal):
                required.setdefault(name, {})[1 << position] = patterns
            for number_name, range_ in signal.numbers:
                numbers.setdefault(number_name, []).append((range_, 1 << position))
        every = (1 << len(signals)) - 1
        looks: list[tuple[str | None, Look]]
        looks = [(name, _look(name, by_bit, every)) for name, by_bit in required.items()]
        looks += [(name, _number_look(name, one, every)) for name, one in numbers.items()]
        return cls(
            signals=tuple(signals),
            on_name=tuple(look for name, look in looks if name is None),
            on_campaign=tuple(look for name, look in looks if name in CAMPAIGN_KEYS),
            on_facts=tuple(look for name, look in looks if name and name not in CAMPAIGN_KEYS),
            every=every,
            by_value=sum(
                1 << place for place, one in enumerate(signals) if one.distinct or one.amount
            ),
        )

    def bits_of(self, event: Event) -> int:
        """Return the bits of the signals that an event of this kind matches."""
        left = self.every
        for _, of_text, _, others in self.on_name:
            left &= others | of_text(event.name)
        for name, of_text, _, others in self.on_campaign:
            value: FieldValue | None = event.campaign.get(name)
            left &= others if value is None else others | of_text(str(value))
        for name, of_text, of_other, others in self.on_facts:
            value = event.properties.get(name)
            if value is None:
                value = _beside(event, name)
            if value is None:
                left &= others
            elif isinstance(value, str):  # as nearly all are
                left &= others | of_text(value)
            else:
                left &= others | of_other(value)
        return left

    def signals_of(self, event: Event) -> list[Signal]:
        """Return the signals that an event of this kind matches."""
        return list(self.signals_with(self.bits_of(event)))

    def _signals_with(self, bits: int) -> tuple[Signal, ...]:
        return tuple(one for place, one in enumerate(self.signals) if bits >> place & 1)


def is_recorded(kind: Kind, names: Sequence[str] | None) -> bool:
    """Return whether events of a kind that have one of some names are recorded at all.

    names: patterns; one of them must match. None for any name.
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
    return _beside(event, name) if value is None else value


def _beside(event: Event, name: str) -> FieldValue | None:
    """Return what an event says under a name that none of its properties has."""
    value = event.fields.get(name)
    if value is None and event.kind is Kind.FORM and FORM_KIND not in event.properties:
        return kind_facts(event.name).get(name)
    return value


def _required(signal: Signal) -> Iterable[tuple[str | None, tuple[str, ...]]]:
    """Return each property with its patterns; None is the name. It must match one of them."""
    required: dict[str | None, tuple[str, ...]] = dict(signal.where)
    if signal.names is not None:
        required[None] = signal.names
    if signal.distinct:
        required.setdefault(signal.distinct, (ANY,))
    return required.items()


def _look(name: str | None, by_bit: dict[int, tuple[str, ...]], every: int) -> Look:
    pairs = [(pattern, bit) for bit, patterns in by_bit.items() for pattern in patterns]
    of_text = Patterns.of(pairs).bits_of

    def of_other(value: FieldValue) -> int:
        return reduce(or_, (of_text(str(one)) for one in values_in(value)), 0)

    # Names and the parts of campaigns are few; paths are many.
    has_few = name is None or name in CAMPAIGN_KEYS
    return Look(
        name=CAMPAIGN_KEYS.get(name or "", name or ""),
        of_text=lru_cache(maxsize=REMEMBERED)(of_text) if has_few else of_text,
        of_other=of_other,
        others=every & ~sum(by_bit),
    )


def _number_look(name: str, ranges: Sequence[tuple[NumberRange, int]], every: int) -> Look:
    """Return what signals require of a property as a number; of a list, of one of its values."""

    def bits_of(value: FieldValue) -> int:
        numbers = numbers_in(value)
        return sum(bit for one, bit in ranges if any(map(one.holds, numbers)))

    return Look(
        name=CAMPAIGN_KEYS.get(name, name),
        of_text=bits_of,
        of_other=bits_of,
        others=every & ~sum(bit for _, bit in ranges),
    )
