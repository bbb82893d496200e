"""The shape of a scoring model's document: its keys, what they hold, and how much of it.

Only shapes: what a part must not say on its own is in parts.py, which names it may use in names.py,
and what contradicts the rest in contradictions.py. Signals and rules are in behaviour_shape.py,
field_shape.py and rule_shape.py, examples in example_shape.py. The texts below fields are the
descriptions of docs/model.schema.json.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from chalicelib.authoring.behaviour_shape import (
    BehaviourRuleDocument,
    SignalDocument,
    SilenceDocument,
    SilenceRuleDocument,
)
from chalicelib.authoring.example_shape import ExampleDocument
from chalicelib.authoring.field_shape import (
    ExclusionDocument,
    FactDocument,
    FieldRuleDocument,
    TestDocument,
)
from chalicelib.authoring.rule_shape import RULES_MAX, RuleDocument, RulesDocument
from chalicelib.authoring.values import (
    GradeName,
    KeyName,
    ModelPart,
    ModelText,
    PatternList,
    Points,
    RestDays,
    Threshold,
)
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.model import DEFAULT_WITHIN_DAYS

SIGNALS_MAX = 200  # each is looked at for every event of its kind
GROUPS_MAX = 20
SCORES_MAX = 20  # each is shown on every lead
BANDS_MAX = 20
EXCLUSIONS_MAX = 50  # each is looked at for every score
WAYS_MAX = 50  # into one stage; each is tried at every decision
EXAMPLES_MAX = 500


class LimitDocument(ModelPart):
    """What a group can be worth."""

    max: Points
    """The group counts at most this much."""
    min: Points
    """The group counts at least this much."""
    in_total: bool = True
    """Whether it counts in the score; without it only in sums, named scores and ways in."""


BandLevels = Annotated[dict[KeyName, Points], Field(max_length=BANDS_MAX)]


class NamedScoreDocument(ModelPart):
    """A score beside the main one, for example that of one product."""

    groups: Annotated[list[KeyName], Field(min_length=1, max_length=GROUPS_MAX)]
    """The groups that it is the sum of."""
    bands: BandLevels = {}
    """The least points of each of its bands, for example `ready: 40`."""


class ConditionDocument(ModelPart):
    """One way into a stage: every part given must be met. Any other key is a threshold: the least
    points of score, of a group or of a sum, for example `fit: 20`.
    """

    model_config = ConfigDict(extra="allow")  # the thresholds, checked by name in names.py

    __pydantic_extra__: dict[str, Threshold] = Field(init=False)
    signal: KeyName | None = None
    """A signal that must have been seen."""
    days: Annotated[int, Field(ge=1, le=HORIZON_DAYS)] = 1
    """On how many different days the signal must have been seen."""
    within_days: Annotated[int, Field(ge=0, lt=HORIZON_DAYS)] = DEFAULT_WITHIN_DAYS
    """How many days back the signal counts."""
    kind: Literal["requested", "inferred"] | None = None
    """Of a way into SQL. requested: the person asked to be contacted, which earns the fast clock
    and a text. inferred, also when none is given: what they did says that they are ready.
    """

    @property
    def thresholds(self) -> dict[str, float]:
        """The least points by the name of the score, a group, a sum or a named score."""
        return self.model_extra or {}


Ways = Annotated[list[ConditionDocument], Field(min_length=1, max_length=WAYS_MAX)]


class MqlDocument(ModelPart):
    """How a lead becomes an MQL, and how it cools."""

    any: Ways
    """The ways in: one of them is enough."""
    cool_below: Annotated[dict[str, Points], Field(max_length=GROUPS_MAX)] = {}
    """An MQL is a lead again when all these values are below these points and it meets no way in.
    """
    stay_days: RestDays = 0
    """How many days an MQL stays one whatever happens, so that leads do not go back and forth."""


class SqlDocument(ModelPart):
    """How a lead becomes an SQL: ready for sales by our rules."""

    any: Ways
    """The ways in: one of them is enough."""


class StagesDocument(ModelPart):
    """The two stages that the model decides."""

    mql: MqlDocument
    sql: SqlDocument


class RecycleDocument(ModelPart):
    """How long a lead rests after sales returned it. Every key but wakes is a reason, with its
    days.
    """

    model_config = ConfigDict(extra="allow")  # the reasons

    __pydantic_extra__: dict[str, RestDays] = Field(init=False)
    wakes: Annotated[list[KeyName], Field(max_length=SIGNALS_MAX)] = []
    """The signals that end a rest at once: the requests."""

    @property
    def rests(self) -> dict[str, int]:
        """Days of rest by reason."""
        return self.model_extra or {}


class InternalDocument(ModelPart):
    """Our own people, who are neither scored nor counted."""

    email_domain: PatternList = []
    """The domains of their addresses. `*` stands for any run of characters."""


class ModelDocument(ModelPart):
    """A scoring model: what behaviour and which people are worth, and when a lead is an MQL or an
    SQL.
    """

    name: ModelText
    """What the model is called."""
    version: Annotated[int, Field(ge=0)] | None = None
    """Ignored: the server numbers the models, and says which one it returns."""
    internal: InternalDocument = InternalDocument()
    excluded: Annotated[dict[KeyName, ExclusionDocument], Field(max_length=EXCLUSIONS_MAX)] = {}
    """Who is left out besides our own people, for example partners and agencies."""
    signals: Annotated[dict[KeyName, SignalDocument], Field(max_length=SIGNALS_MAX)]
    """Behaviour by name; rules and ways in refer to these names."""
    rules: RulesDocument
    groups: Annotated[dict[KeyName, LimitDocument], Field(max_length=GROUPS_MAX)]
    """The groups to which rules give their points. The score is their sum."""
    sums: Annotated[
        dict[KeyName, Annotated[list[KeyName], Field(max_length=GROUPS_MAX)]],
        Field(max_length=GROUPS_MAX),
    ] = {}
    """Groups added up under a name of their own, for thresholds."""
    scores: Annotated[dict[KeyName, NamedScoreDocument], Field(max_length=SCORES_MAX)] = {}
    """Scores beside the main one, each of some groups; shown on a lead, and a threshold may name
    one like a sum.
    """
    bands: BandLevels = {}
    """The least score of each band, for example `hot: 50`. The highest that a lead reaches is shown
    beside its grade.
    """
    grades: dict[GradeName, Points]
    """The least fit of each grade, the best first. Below all of them the grade is F."""
    grade_needs: Annotated[int, Field(ge=0, le=RULES_MAX)] = 0
    """How many rules of fit must have something to say. With fewer the grade is –, because too
    little is known.
    """
    stages: StagesDocument
    recycle: RecycleDocument = RecycleDocument()
    examples: Annotated[list[ExampleDocument], Field(max_length=EXAMPLES_MAX)] = []
    """What marketing and sales agreed on, one sentence each; `make check-model` tests them."""


def rules_of(document: ModelDocument) -> Iterator[tuple[str, str, str, RuleDocument]]:
    """Yield each rule with its path, its side and its name."""
    for side in RulesDocument.model_fields:
        for key, rule in getattr(document.rules, side).items():
            yield f"rules.{side}.{key}", side, key, rule


def field_rules_of(document: ModelDocument) -> Iterator[tuple[str, FieldRuleDocument]]:
    """Yield each rule on the profile or a touch, with its path."""
    return (
        (path, rule)
        for path, _, _, rule in rules_of(document)
        if isinstance(rule, FieldRuleDocument)
    )


def facts_of(
    document: ModelDocument,
) -> Iterator[tuple[str, FactDocument | FieldRuleDocument | ExclusionDocument]]:
    """Yield each place that names a field, with its path: a rule, an exclusion, or one of its
    several facts.
    """
    for path, rule in field_rules_of(document):
        if rule.all is None:
            yield path, rule
        for number, fact in enumerate(rule.all or []):
            yield f"{path}.all.{number}", fact
    for key, one in document.excluded.items():
        if one.subjects == ["field"]:
            yield f"excluded.{key}", one
        for number, fact in enumerate(one.all or []):
            yield f"excluded.{key}.all.{number}", fact


def silence_rules_of(document: ModelDocument) -> Iterator[tuple[str, SilenceDocument]]:
    """Yield each rule on silence, with its path."""
    for path, _, _, rule in rules_of(document):
        if isinstance(rule, SilenceRuleDocument):
            yield path, rule.silence


def behaviour_rules_of(document: ModelDocument) -> Iterator[tuple[str, str, BehaviourRuleDocument]]:
    """Yield each rule on a signal, with its path and the signal's name."""
    for path, _, key, rule in rules_of(document):
        if isinstance(rule, BehaviourRuleDocument):
            yield path, rule.signal or key, rule


def tests_of(document: ModelDocument) -> Iterator[tuple[str, TestDocument]]:
    """Yield each test with its path: the rules without tiers, the tiers, and the several facts."""
    for path, fact in facts_of(document):
        tiers = fact.tiers if isinstance(fact, FieldRuleDocument) else None
        if tiers is None:
            yield path, fact
        for number, tier in enumerate(tiers or []):
            yield f"{path}.tiers.{number}", tier


def bands_of(document: ModelDocument) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the bands of the score and of each named score, with their path."""
    yield "bands", document.bands
    yield from ((f"scores.{key}.bands", one.bands) for key, one in document.scores.items())


def ways_of(document: ModelDocument) -> Iterator[tuple[str, str, ConditionDocument]]:
    """Yield each way into a stage, with its path and the stage."""
    for stage in ("mql", "sql"):
        for number, way in enumerate(getattr(document.stages, stage).any):
            yield f"stages.{stage}.any.{number}", stage, way
