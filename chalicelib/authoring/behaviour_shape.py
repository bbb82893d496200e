"""The shape of a scoring model's signals, and of the rules on them.

The texts below fields are the descriptions of docs/model.schema.json.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, TypeAdapter, ValidationInfo

from chalicelib.authoring.values import (
    PATTERNS_MAX,
    Bounds,
    FormId,
    KeyName,
    ModelPart,
    ModelText,
    Number,
    Points,
    SomePatterns,
    TextOrTexts,
)
from chalicelib.document import needs
from chalicelib.limits import DISTINCT_MAX_KEYS, HORIZON_DAYS
from chalicelib.scoring.behaviour_rules import Measure
from chalicelib.scoring.numbers import Amounts

WHERE_MAX = 10
WHERE_QUOTED_CHARS = 40  # of a value in a refusal
SIGNAL_TIERS_MAX = 20
SILENCE_MAX = 50  # signals that end a silence
HALF_LIFE_MIN_DAYS = 0.1  # below it nothing lasts a day
HALF_LIFE_MAX_DAYS = 3_650  # above it nothing fades


class EventNumberDocument(ModelPart):
    """Which numbers a property of an event must have. Numbers are read as people write them, so
    `1,200.00` is one.
    """

    between: Bounds | None = None
    """It is a number from the first to the second, both included."""
    at_least: Number | None = None
    """It is this number or a higher one."""
    below: Number | None = None
    """It is a lower number than this one."""


_PATTERNS = TypeAdapter(SomePatterns)
_COMPARING = frozenset("<>=")
WhereTest = list[ModelText] | EventNumberDocument


def _where_test(test: Any, info: ValidationInfo) -> WhereTest:
    """Return what a property must have: numbers where keys are written, otherwise patterns.

    The shape is chosen first, so that its errors are about that shape only.
    """
    if isinstance(test, dict):
        return EventNumberDocument.model_validate(test, context=info.context)
    if not isinstance(test, list):
        raise ValueError(_where_words(test))
    return _PATTERNS.validate_python(test, strict=True)


def _where_words(test: Any) -> str:
    """Return what to write instead of one value."""
    if isinstance(test, str) and test[:1] not in _COMPARING:
        return f'a list of patterns is needed, for example ["{test[:WHERE_QUOTED_CHARS]}"]'
    return (
        "numbers are compared by keys, for example {at_least: 500}; how many pages on one day is"
        " in_one_day of a rule"
    )


class SignalDocument(ModelPart):
    """A named kind of behaviour that the model cares about: which events match it."""

    on: Literal["page", "track", "form", "mail", "sales"]
    """The kind of event: a page view, an event that the site or the product tracks, a form that was
    sent, something that happened to an email, something that sales did.
    """
    event: TextOrTexts | None = None
    """The name of the event on track, mail and sales, or several names, one of which must match.
    `*` stands for any run of characters; case is ignored. Without it every event of the kind
    matches.
    """
    form: Annotated[list[FormId], Field(min_length=1, max_length=PATTERNS_MAX)] | None = None
    """On form: the ids of the forms that count; `*` stands for any run of characters. Without it
    every form matches.
    """
    where: Annotated[
        dict[
            ModelText,
            Annotated[
                WhereTest,
                PlainValidator(
                    _where_test, json_schema_input_type=SomePatterns | EventNumberDocument
                ),
            ],
        ],
        Field(max_length=WHERE_MAX),
    ] = {}
    """What the event must have: `path` of a page, or a property, each with patterns, one of which
    must match. `*` stands for any run of characters, `/` included; case is ignored. A number is
    compared by between, at_least and below instead: `value: {at_least: 500}`.
    """
    distinct: ModelText | None = None
    """A property whose values count once each, on their latest day: `asset` counts every guide
    once.
    """
    topic: KeyName | None = None
    """The topic of the emails that a lead with this interest gets."""

    @property
    def names(self) -> list[str]:
        """The patterns of the event's name; empty where every event of the kind matches."""
        return [self.event] if isinstance(self.event, str) else self.event or []


Window = Annotated[int, Field(ge=0, lt=HORIZON_DAYS)]


class BehaviourTierDocument(ModelPart):
    """How often a signal must have been seen, and what that is worth. One of times, days and
    different; without them once is enough.
    """

    times: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """How many times the signal was seen, at least."""
    days: Annotated[int, Field(ge=1, le=HORIZON_DAYS)] | None = None
    """On how many different days, at least."""
    different: Annotated[int, Field(ge=1, le=DISTINCT_MAX_KEYS)] | None = None
    """How many different values of a distinct signal's property, at least."""
    within_days: Window | None = None
    """How many days back it counts; without it as far as its rule looks."""
    points: Points
    """What that is worth, whatever the number."""

    @property
    def measures(self) -> list[str]:
        """The keys that say how often."""
        return [one for one in Measure if getattr(self, one) is not None]


class BehaviourRuleDocument(ModelPart):
    """A rule on how often and how recently a signal was seen."""

    signal: KeyName | None = None
    """The signal; without it the one that has the rule's own name."""
    points: Points | None = None
    """What one occurrence is worth on its day; below 0 it speaks against the lead."""
    tiers: (
        Annotated[list[BehaviourTierDocument], Field(min_length=1, max_length=SIGNAL_TIERS_MAX)]
        | None
    ) = None
    """Points for being seen often enough, once, whatever the number. Of the tiers that are met the
    one worth most counts.
    """
    sum: ModelText | None = None
    """A property of the event, such as `value`: the points are for each 1 of it, summed up. What is
    below 0, or no number, adds nothing.
    """
    max: ModelText | None = None
    """A property of the event, such as `percent`: the points are for each 1 of a day's largest
    value.
    """
    half_life_days: (
        Annotated[Points, Field(ge=HALF_LIFE_MIN_DAYS, le=HALF_LIFE_MAX_DAYS)] | None
    ) = None
    """After how many days half of the points is gone. Without it they never fade. A tier fades
    from the last occurrence.
    """
    floor: Annotated[Points, Field(gt=0)] | None = None
    """The points below which an occurrence never fades."""
    within_days: Window | None = None
    """How many days back an occurrence counts; older ones give nothing."""
    in_one_day: Annotated[int, Field(ge=2, le=1_000)] | None = None
    """How many occurrences make a day count: such a day is one occurrence, others are none. It
    stands for a visit.
    """
    shares: (
        Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=1, max_length=20)]
        | None
    ) = None
    """What part of the points the newest occurrence gets, the one before it, and so on; the last
    share goes on. For example [1, 0.5, 0.25].
    """
    per_day: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """How many occurrences of one day count at most."""
    max_points: Annotated[Points, Field(gt=0)] | None = None
    """What the rule gives at most, or takes at most if its points are below 0. It applies before
    the points fade: the newest occurrences count until it is used up.
    """
    group: KeyName | None = None
    """The group that gets the points; engagement without it."""

    @property
    def amount(self) -> str | None:
        """The key of the numbers that it counts instead of occurrences; None for most rules."""
        return next((one for one in Amounts if getattr(self, one) is not None), None)

    @property
    def windows(self) -> list[int | None]:
        """How far back the rule looks, or each of its tiers; None for as far as there is."""
        own = [tier.within_days for tier in self.tiers or ()] or [None]
        return [self.within_days if window is None else window for window in own]


class SilenceDocument(ModelPart):
    """What is not heard, for how long, and what that takes."""

    days: Annotated[int, Field(ge=1, lt=HORIZON_DAYS)]
    """So many days after the last act the silence begins; if there is none, after the lead's
    creation.
    """
    points: Annotated[Points, Field(lt=0)]
    """What it takes while it lasts; below 0."""
    signals: Annotated[
        Literal["any"] | Annotated[list[KeyName], Field(min_length=1, max_length=SILENCE_MAX)],
        needs("any or a list of signals is needed, for example [login]"),
    ] = "any"
    """What ends it: anything that the person does (`any`), which are visits, tracked events, forms,
    and emails that they clicked or answered; or one of these signals.
    """

    @property
    def named(self) -> list[str]:
        """The signals that it names; empty for `any`."""
        return [] if isinstance(self.signals, str) else self.signals


class SilenceRuleDocument(ModelPart):
    """A rule on silence: nothing was heard of the person for some days."""

    silence: SilenceDocument
    group: KeyName | None = None
    """The group that loses the points; engagement without it."""
