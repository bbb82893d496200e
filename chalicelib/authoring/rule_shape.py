"""The shape of a scoring model's signals and rules.

The texts below fields are the descriptions of docs/model.schema.json.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationInfo

from chalicelib.authoring.values import (
    PATTERNS_MAX,
    Bounds,
    FieldName,
    FieldValues,
    FormId,
    KeyName,
    ModelPart,
    ModelText,
    PatternList,
    Points,
    SomePatterns,
    TextOrTexts,
    Yes,
)
from chalicelib.scoring.model import Operator

RULES_MAX = 200  # of one side; the default has 21 on its longest
TIERS_MAX = 20  # the default has 5 at most
WHERE_MAX = 10
HALF_LIFE_MIN_DAYS = 0.1  # below it nothing lasts a day
HALF_LIFE_MAX_DAYS = 3_650  # above it nothing fades


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
    where: Annotated[dict[ModelText, SomePatterns], Field(max_length=WHERE_MAX)] = {}
    """What the event must have: `path` of a page, or a property, each with patterns, one of which
    must match. `*` stands for any run of characters, `/` included; case is ignored.
    """
    distinct: ModelText | None = None
    """A property whose values count once each, on their latest day: `asset` counts every guide
    once.
    """
    topic: KeyName | None = None
    """The topic of the emails that a lead with this interest gets."""


class TestDocument(ModelPart):
    """An operator and what it compares with. Exactly one is given."""

    __test__ = False  # not a test class, whatever its name says to pytest

    equals: FieldValues | None = None
    """The field is this value, or one of these; case is ignored."""
    matches: PatternList | None = None
    """The field matches one of these patterns. `*` stands for any run of characters; case is
    ignored.
    """
    between: Bounds | None = None
    """The field is a number from the first to the second, both included."""
    in_list: Literal["free_mail", "disposable", "role"] | None = None
    """The field is in a list that Baton brings: domains of free mail, domains of throw-away
    addresses (both with the field email_domain), names of roles such as info or sales (with the
    field email_local).
    """
    present: Yes | None = None
    """The field is given, whatever its value."""
    absent: Yes | None = None
    """The field is not given."""

    @property
    def operators(self) -> list[Operator]:
        """The operators given: one in a checked document, none where a rule has tiers."""
        return [operator for operator in Operator if getattr(self, operator) is not None]


class TierDocument(TestDocument):
    """One tier of a rule: the first that matches gives its points."""

    points: Points
    """What the tier is worth; below 0 it speaks against the lead."""


class FieldRuleDocument(TestDocument):
    """A rule on what is known of a person, or with `touch` on where they came from."""

    field: FieldName
    """The field of the profile; email_domain and email_local are the two halves of the address.
    With `touch`: source, medium or campaign.
    """
    touch: Literal["first", "last"] | None = None
    """Compares the first or the last arrival instead of the profile."""
    tiers: Annotated[list[TierDocument], Field(min_length=1, max_length=TIERS_MAX)] | None = None
    """Several operators, each with its own points: the first that matches counts."""
    points: Points | None = None
    """What the rule is worth; below 0 it speaks against the lead."""
    disqualify: bool = False
    """Whether a lead that the rule matches is disqualified."""
    group: KeyName | None = None
    """The group that gets the points: fit without it, or channel on the side of the channel."""


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


RuleDocument = FieldRuleDocument | BehaviourRuleDocument


def _undesirable(rule: Any, info: ValidationInfo) -> RuleDocument:
    """Return an undesirable: with `field` a rule on the profile, otherwise one on a signal.

    The shape is chosen first, so that its errors are about that shape only.
    """
    on_field = isinstance(rule, dict) and "field" in rule
    return (FieldRuleDocument if on_field else BehaviourRuleDocument).model_validate(
        rule, context=info.context
    )


Undesirable = Annotated[
    RuleDocument, PlainValidator(_undesirable, json_schema_input_type=RuleDocument)
]
_AtMost = Field(max_length=RULES_MAX)


class RulesDocument(ModelPart):
    """The four sides that marketing and sales agree on."""

    profile: Annotated[dict[KeyName, FieldRuleDocument], _AtMost] = {}
    """Who they are: rules on what is known of the person and the company."""
    channel: Annotated[dict[KeyName, FieldRuleDocument], _AtMost] = {}
    """Where they came from: rules on the first or the last touch."""
    actions: Annotated[dict[KeyName, BehaviourRuleDocument], _AtMost] = {}
    """What they do: rules on signals."""
    undesirables: Annotated[dict[KeyName, Undesirable], _AtMost] = {}
    """What speaks against them: rules on a `field` or on a signal."""
