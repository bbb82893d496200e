"""The shape of a scoring model's document: which keys there are, what they hold, and how much of
it.

Only shapes: what a part must not say on its own is in parts.py, which names it may use in names.py,
what contradicts the rest in contradictions.py. The texts below fields are the descriptions of
docs/model.schema.json.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator, ValidationInfo

from chalicelib.authoring.example_shape import ExampleDocument
from chalicelib.authoring.values import (
    PATTERNS_MAX,
    Bounds,
    Days,
    FieldName,
    FormId,
    Name,
    Part,
    Patterns,
    Points,
    Scalars,
    SomePatterns,
    Text,
    Texts,
    Threshold,
    Yes,
)
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.model import DEFAULT_WITHIN_DAYS

SIGNALS_MAX = 200  # each is looked at for every event of its kind
RULES_MAX = 200  # of one side; the default has 21 on its longest
TIERS_MAX = 20  # the default has 5 at most
WHERE_MAX = 10
GROUPS_MAX = 20
WAYS_MAX = 50  # into one stage; each is tried at every decision
EXAMPLES_MAX = 500
HALF_LIFE_MIN_DAYS, HALF_LIFE_MAX_DAYS = (
    0.1,
    3_650,
)  # below it nothing lasts a day, above it nothing fades


class SignalDocument(Part):
    """A named kind of behaviour that the model cares about: which events match it."""

    on: Literal["page", "track", "form", "mail", "sales"]
    """The kind of event: a page view, an event that the site or the product tracks, a form that was
    sent, something that happened to an email, something that sales did.
    """
    event: Texts | None = None
    """The name of the event on track, mail and sales, or several of which one must match. `*`
    stands for any run of characters; case is ignored. Without it every event of the kind matches.
    """
    form: Annotated[list[FormId], Field(min_length=1, max_length=PATTERNS_MAX)] | None = None
    """On form: the ids of the forms that count; `*` stands for any run of characters. Without it
    every form matches.
    """
    where: Annotated[dict[Text, SomePatterns], Field(max_length=WHERE_MAX)] = {}
    """What must hold of the event: `path` of a page, or a property, each with patterns of which one
    must match. `*` stands for any run of characters, `/` included; case is ignored.
    """
    distinct: Text | None = None
    """A property of which each value counts once, on its latest day: `asset` counts every guide
    once.
    """
    topic: Name | None = None
    """What an interested lead is written about."""


class TestDocument(Part):
    """An operator and what it compares with. Exactly one is given."""

    __test__ = False  # not a test class, whatever its name says to pytest

    equals: Scalars | None = None
    """The field is this value, or one of these; case is ignored."""
    matches: Patterns | None = None
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


class TierDocument(TestDocument):
    """One tier of a rule: the first that holds gives its points."""

    points: Points
    """What the tier is worth; below 0 it speaks against the lead."""


class FieldRuleDocument(TestDocument):
    """A rule on what is known of a person, or with `touch` on where they came from."""

    field: FieldName
    """The field of the profile; email_domain and email_local are the two halves of the address.
    With `touch`: source, medium or campaign.
    """
    touch: Literal["first", "last"] | None = None
    """Ask the first or the last arrival instead of the profile."""
    tiers: Annotated[list[TierDocument], Field(min_length=1, max_length=TIERS_MAX)] | None = None
    """Several operators, each with its own points: the first that holds counts."""
    points: Points | None = None
    """What the rule is worth; below 0 it speaks against the lead."""
    disqualify: bool = False
    """Whether a lead for whom the rule holds is disqualified."""
    group: Name | None = None
    """The group that gets the points: fit without it, or channel on the side of the channel."""


class BehaviourRuleDocument(Part):
    """A rule on how often and how recently a signal was seen."""

    signal: Name | None = None
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
    group: Name | None = None
    """The group that gets the points; engagement without it."""


Rule = FieldRuleDocument | BehaviourRuleDocument


def _undesirable(rule: Any, info: ValidationInfo) -> Rule:
    """An undesirable with `field` is a rule on the profile, any other on a signal: its errors are
    about one shape.
    """
    on_field = isinstance(rule, dict) and "field" in rule
    return (FieldRuleDocument if on_field else BehaviourRuleDocument).model_validate(
        rule, context=info.context
    )


Undesirable = Annotated[Rule, PlainValidator(_undesirable, json_schema_input_type=Rule)]
Count = Field(max_length=RULES_MAX)


class RulesDocument(Part):
    """The four sides that marketing and sales agree on."""

    profile: Annotated[dict[Name, FieldRuleDocument], Count] = {}
    """Who they are: rules on what is known of the person and the company."""
    channel: Annotated[dict[Name, FieldRuleDocument], Count] = {}
    """Where they came from: rules on the first or the last touch."""
    actions: Annotated[dict[Name, BehaviourRuleDocument], Count] = {}
    """What they do: rules on signals."""
    undesirables: Annotated[dict[Name, Undesirable], Count] = {}
    """What speaks against them: rules on a `field` or on a signal."""


class LimitDocument(Part):
    """What a group can be worth."""

    max: Points
    """The group counts at most this much."""
    min: Points
    """The group counts at least this much."""


class ConditionDocument(Part):
    """One way into a stage: every part given must hold. Keys other than these are thresholds: at
    least so many points of score, of a group or of a sum, for example `fit: 20`.
    """

    model_config = ConfigDict(extra="allow")  # the thresholds, checked by name in names.py

    __pydantic_extra__: dict[str, Threshold] = Field(init=False)
    signal: Name | None = None
    """A signal that must have been seen."""
    days: Annotated[int, Field(ge=1, le=HORIZON_DAYS)] = 1
    """On how many different days the signal must have been seen."""
    within_days: Annotated[int, Field(ge=0, lt=HORIZON_DAYS)] = DEFAULT_WITHIN_DAYS
    """How many days back the signal counts."""
    kind: Literal["requested", "inferred"] | None = None
    """Of a way into SQL. requested: the person asked for us, which earns the fast clock and a text.
    inferred, also when none is given: what they did says that they are ready.
    """

    @property
    def thresholds(self) -> dict[str, float]:
        """Value -> the least points that it must have."""
        return self.model_extra or {}


Ways = Annotated[list[ConditionDocument], Field(min_length=1, max_length=WAYS_MAX)]


class MqlDocument(Part):
    """How a lead becomes an MQL, and how it cools."""

    any: Ways
    """The ways in: one of them is enough."""
    cool_below: Annotated[dict[str, Points], Field(max_length=GROUPS_MAX)] = {}
    """An MQL is a lead again when all these values are below these points and no way in holds."""
    stay_days: Days = 0
    """How many days an MQL stays one whatever happens, so that nobody flaps."""


class SqlDocument(Part):
    """How a lead becomes an SQL: ready for sales by our rules."""

    any: Ways
    """The ways in: one of them is enough."""


class StagesDocument(Part):
    """The two stages that the model decides."""

    mql: MqlDocument
    sql: SqlDocument


class RecycleDocument(Part):
    """How long sales' no lets a lead rest. Keys other than wakes are the reasons of the no, each
    with its days.
    """

    model_config = ConfigDict(extra="allow")  # the reasons

    __pydantic_extra__: dict[str, Days] = Field(init=False)
    wakes: Annotated[list[Name], Field(max_length=SIGNALS_MAX)] = []
    """The signals that end a rest at once: the requests."""

    @property
    def rests(self) -> dict[str, int]:
        """Reason -> days of rest."""
        return self.model_extra or {}


class InternalDocument(Part):
    """Our own people, who are neither scored nor counted."""

    email_domain: Patterns = []
    """The domains of their addresses. `*` stands for any run of characters."""


class ModelDocument(Part):
    """A scoring model: what behaviour and which people are worth, and when a lead is an MQL or an
    SQL.
    """

    name: Text
    """What people call the model."""
    version: Annotated[int, Field(ge=0)] | None = None
    """Ignored: the server numbers the models, and tells the number of the one it gives."""
    internal: InternalDocument = InternalDocument()
    signals: Annotated[dict[Name, SignalDocument], Field(max_length=SIGNALS_MAX)]
    """Behaviour by name; rules and ways in speak of these names."""
    rules: RulesDocument
    groups: Annotated[dict[Name, LimitDocument], Field(max_length=GROUPS_MAX)]
    """The groups that rules give their points to. The score is their sum."""
    sums: Annotated[
        dict[Name, Annotated[list[Name], Field(max_length=GROUPS_MAX)]],
        Field(max_length=GROUPS_MAX),
    ] = {}
    """Groups added up under a name of their own, for thresholds."""
    grades: dict[Literal["A", "B", "C", "D", "E"], Points]
    """The least fit of each grade, the best first. Below all of them the grade is F."""
    grade_needs: Annotated[int, Field(ge=0, le=RULES_MAX)] = 0
    """How many rules of fit must have something to say; with fewer the grade is –, because too
    little is known.
    """
    stages: StagesDocument
    recycle: RecycleDocument = RecycleDocument()
    examples: Annotated[list[ExampleDocument], Field(max_length=EXAMPLES_MAX)] = []
    """What marketing and sales agreed on, a sentence each; `make check-model` tests them."""


def rules_of(document: ModelDocument) -> Iterator[tuple[str, str, str, Rule]]:
    """Each rule with its path, its side and its name."""
    for side in RulesDocument.model_fields:
        for key, rule in getattr(document.rules, side).items():
            yield f"rules.{side}.{key}", side, key, rule


def field_rules_of(document: ModelDocument) -> Iterator[tuple[str, FieldRuleDocument]]:
    """Each rule on the profile or a touch, with its path."""
    return (
        (path, rule)
        for path, _, _, rule in rules_of(document)
        if isinstance(rule, FieldRuleDocument)
    )


def behaviour_rules_of(document: ModelDocument) -> Iterator[tuple[str, str, BehaviourRuleDocument]]:
    """Each rule on a signal, with its path and the signal's name."""
    for path, _, key, rule in rules_of(document):
        if isinstance(rule, BehaviourRuleDocument):
            yield path, rule.signal or key, rule


def tests_of(document: ModelDocument) -> Iterator[tuple[str, TestDocument]]:
    """Each operator with its path: of the rules without tiers, and of the tiers."""
    for path, rule in field_rules_of(document):
        if rule.tiers is None:
            yield path, rule
        for number, tier in enumerate(rule.tiers or []):
            yield f"{path}.tiers.{number}", tier


def ways_of(document: ModelDocument) -> Iterator[tuple[str, str, ConditionDocument]]:
    """Each way into a stage, with its path and the stage."""
    for stage in ("mql", "sql"):
        for number, way in enumerate(getattr(document.stages, stage).any):
            yield f"stages.{stage}.any.{number}", stage, way
