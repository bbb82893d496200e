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

WHERE_MAX = 10
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
WhereTest = list[ModelText] | EventNumberDocument


def _where_test(test: Any, info: ValidationInfo) -> WhereTest:
    """Return what a property must have: numbers where keys are written, otherwise patterns.

    The shape is chosen first, so that its errors are about that shape only.
    """
    if isinstance(test, dict):
        return EventNumberDocument.model_validate(test, context=info.context)
    return _PATTERNS.validate_python(test, strict=True)


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


class BehaviourRuleDocument(ModelPart):
    """A rule on how often and how recently a signal was seen."""

    signal: KeyName | None = None
    """The signal; without it the one that has the rule's own name."""
    points: Points
    """What one occurrence is worth on its day; below 0 it speaks against the lead."""
    half_life_days: (
        Annotated[Points, Field(ge=HALF_LIFE_MIN_DAYS, le=HALF_LIFE_MAX_DAYS)] | None
    ) = None
    """After how many days half of the points is gone. Without it they never fade."""
    per_day: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """How many occurrences of one day count at most."""
    max_points: Annotated[Points, Field(gt=0)] | None = None
    """What the rule gives at most, or takes at most if its points are below 0."""
    group: KeyName | None = None
    """The group that gets the points; engagement without it."""
