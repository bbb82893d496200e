"""The format of a scoring model's document: what may be written, and what contradicts itself.

Checked when a model is stored, never when it is read: the functions that score must start quickly.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator, model_validator

from chalicelib.document import Document, parse_document
from chalicelib.errors import DocumentError
from chalicelib.events import Value
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.contradictions import contradictions
from chalicelib.scoring.model import (
    CONDITION_KEYS,
    DEFAULT_WITHIN_DAYS,
    EXAMPLE_KINDS,
    OPERATORS,
    Model,
    compiled,
    default_group,
)
from chalicelib.scoring.profile import NAMED_FIELDS

Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
Points = Annotated[float, Field(allow_inf_nan=False)]
Patterns = list[Annotated[str, Field(max_length=200)]]
EventName = Annotated[str, Field(min_length=1, max_length=200)]

DERIVED_FIELDS = frozenset({"email_local", "email_domain"})  # parts of the address: an example gives the whole
EXAMPLE_EVENT_MAX_TIMES = 1_000  # far above what any `per_day` lets count


class SignalDocument(Document):
    """A named kind of behaviour: which events match it."""

    on: Literal["page", "track", "form", "mail", "sales"]
    event: Annotated[str, Field(max_length=200)] | None = None
    form: list[Name] | None = None
    where: dict[str, Patterns] = {}
    distinct: str | None = None
    topic: Name | None = None


class TestDocument(Document):
    """The operators. Exactly one is given."""

    __test__ = False  # not a test class, whatever its name says to pytest

    equals: list[str | int] | str | int | None = None
    matches: Patterns | None = None
    between: tuple[float, float] | None = None
    in_list: Literal["free_mail", "role"] | None = None
    present: Literal[True] | None = None
    absent: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> "TestDocument":
        given = [name for name in OPERATORS if getattr(self, name) is not None]
        if len(given) != 1 and not getattr(self, "tiers", None):
            raise ValueError(f"needs one of {', '.join(OPERATORS)}; has {', '.join(given) or 'none'}")
        return self


class TierDocument(TestDocument):
    """One tier of a rule: the first that holds gives its points."""

    points: Points


class FieldRuleDocument(TestDocument):
    """A rule on the profile, or with `touch` on the first or last touch."""

    field: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
    touch: Literal["first", "last"] | None = None
    tiers: list[TierDocument] | None = None
    points: Points | None = None
    disqualify: bool = False
    group: Name | None = None

    @model_validator(mode="after")
    def _points_once(self) -> "FieldRuleDocument":
        if self.tiers and self.points is not None:
            raise ValueError("has both tiers and points; the points belong to the tiers")
        if not self.tiers and self.points is None and not self.disqualify:
            raise ValueError("needs points, tiers or disqualify: true")
        return self


class BehaviourRuleDocument(Document):
    """A rule on a signal's daily counts."""

    signal: Name | None = None
    points: Points
    half_life_days: Annotated[Points, Field(gt=0)] | None = None
    per_day: Annotated[int, Field(ge=1)] | None = None
    max_points: Annotated[Points, Field(gt=0)] | None = None
    group: Name | None = None


def _undesirable(rule: Any) -> FieldRuleDocument | BehaviourRuleDocument:
    """An undesirable with `field` is a rule on the profile, any other on a signal: its errors are about one shape."""
    if isinstance(rule, dict) and "field" in rule:
        return FieldRuleDocument.model_validate(rule)
    return BehaviourRuleDocument.model_validate(rule)


class RulesDocument(Document):
    """The four sides that marketing and sales agree on."""

    profile: dict[Name, FieldRuleDocument] = {}
    channel: dict[Name, FieldRuleDocument] = {}
    actions: dict[Name, BehaviourRuleDocument] = {}
    undesirables: dict[Name, Annotated[FieldRuleDocument | BehaviourRuleDocument, PlainValidator(_undesirable)]] = {}


class LimitDocument(Document):
    """A group's bounds, in points."""

    max: Points
    min: Points


class ConditionDocument(Document):
    """One way into a stage: every part given must hold. Other keys are thresholds on `score` or a group."""

    signal: Name | None = None
    days: Annotated[int, Field(ge=1, le=366)] = 1
    within_days: Annotated[int, Field(ge=0, le=366)] = DEFAULT_WITHIN_DAYS
    kind: Literal["requested", "inferred"] | None = None
    thresholds: dict[str, Points] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather_thresholds(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        thresholds = {key: value for key, value in data.items() if key not in CONDITION_KEYS}
        return {"thresholds": thresholds, **{key: data[key] for key in CONDITION_KEYS & data.keys()}}


class StageDocument(Document):
    """How a lead enters a stage, and for mql how it cools."""

    any: Annotated[list[ConditionDocument], Field(min_length=1)]
    cool_below: dict[str, Points] = {}
    stay_days: Annotated[int, Field(ge=0, le=366)] = 0


class StagesDocument(Document):
    """The two stages that the model decides."""

    mql: StageDocument
    sql: StageDocument


class InternalDocument(Document):
    """Own staff: neither scored nor counted."""

    email_domain: list[str] = []


class ExampleEventDocument(Document):
    """Something an example's person did: `page`, `track`, `form` or `mail`, and what the model's signals ask of it."""

    model_config = ConfigDict(extra="allow")  # what is extra is checked against the signals, by name

    __pydantic_extra__: dict[str, Value] = Field(init=False)
    page: Annotated[str, Field(pattern="^/", max_length=2_000)] | None = None
    track: EventName | None = None
    form: Name | None = None
    mail: EventName | None = None
    days_ago: Annotated[int, Field(ge=0, lt=HORIZON_DAYS)]
    times: Annotated[int, Field(ge=1, le=EXAMPLE_EVENT_MAX_TIMES)] = 1

    @model_validator(mode="after")
    def _one_kind(self) -> "ExampleEventDocument":
        if len(self._kinds()) != 1:
            has = [*self._kinds(), *self.extra] or ["none"]
            raise ValueError(f"needs one of {', '.join(EXAMPLE_KINDS)}; has {', '.join(has)}")
        return self

    def _kinds(self) -> list[str]:
        return [kind for kind in EXAMPLE_KINDS if getattr(self, kind) is not None]

    @property
    def kind(self) -> str:
        """The kind of the event."""
        return self._kinds()[0]

    @property
    def extra(self) -> dict[str, Value]:
        """The event's properties, fields and campaign, by the names that signals use."""
        return self.model_extra or {}


class GivenDocument(Document):
    """What an example knows of its person. medium: by which the first event came, or the person without one."""

    profile: dict[str, Value] = {}
    medium: EventName | None = None
    events: list[ExampleEventDocument] = []


class ExpectDocument(Document):
    """What the model must say of an example: the score in whole points, groups and sums to a tenth of a point."""

    score: int
    grade: Annotated[str, Field(pattern="^[A-F–]$")]
    stage: Literal["lead", "mql", "sql"]
    groups: dict[str, Points] = {}


class ExampleDocument(Document):
    """A sentence that marketing and sales agreed on, as a test of the model."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    given: GivenDocument
    expect: ExpectDocument


class ModelDocument(Document):
    """A scoring model as it is written, stored and exchanged."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    internal: InternalDocument = InternalDocument()
    signals: dict[Name, SignalDocument]
    rules: RulesDocument
    groups: dict[Name, LimitDocument]
    sums: dict[Name, list[Name]] = {}
    grades: dict[Annotated[str, Field(pattern="^[A-E]$")], Points]
    grade_needs: Annotated[int, Field(ge=0)] = 0
    stages: StagesDocument
    recycle: dict[str, int | list[Name]] = {}
    examples: list[ExampleDocument] = []


def load(document: Mapping[str, Any], version: int) -> Model:
    """Check and compile a model document.

    document: as in defaults/model.yaml; version: the number under which it is stored.
    Raises DocumentError naming each key outside the format, wrong value or unknown name, with its path.
    """
    check(document)
    return compiled(document, version)


def check(document: Mapping[str, Any]) -> None:
    """Check a model's document.

    Raises DocumentError naming each key outside the format, wrong value or unknown name, with its path; or each
    threshold that contradicts the rest of the model, with its remedy.
    """
    _check_names(parse_document(ModelDocument, document))
    if wrong := contradictions(compiled(document, 0)):
        raise DocumentError("; ".join(wrong))


def _check_names(model: ModelDocument) -> None:
    """Refuse a rule or condition that speaks of a signal or a group the model does not have, and names used twice."""
    known = (_rule_names, _stage_names, _sum_names, _recycle_names, _example_names)
    wrong = sorted(line for names in known for line in names(model))
    if wrong:
        raise DocumentError("; ".join(wrong))


def _rule_names(model: ModelDocument) -> Iterator[str]:
    seen: dict[str, str] = {}
    for side in RulesDocument.model_fields:
        for key, rule in getattr(model.rules, side).items():
            path = f"rules.{side}.{key}"
            if key in seen:
                yield f"{path}: {seen[key]} has the same name; rename one"
            seen[key] = path
            on_signal = isinstance(rule, BehaviourRuleDocument)
            if on_signal and (rule.signal or key) not in model.signals:
                yield f"{path}: there is no signal '{rule.signal or key}'; add it to signals"
            group = rule.group or default_group(side, on_signal=on_signal)
            if group not in model.groups:
                yield f"{path}.group: there is no group '{group}'; add it to groups"


def _sum_names(model: ModelDocument) -> Iterator[str]:
    for key, parts in model.sums.items():
        if key in ("score", *model.groups):
            yield f"sums.{key}: is the name of {'the total' if key == 'score' else 'a group'}; rename the sum"
        yield from (f"sums.{key}: there is no group '{part}'" for part in parts if part not in model.groups)


def _stage_names(model: ModelDocument) -> Iterator[str]:
    known = {"score", *model.groups, *model.sums}
    for name, stage in (("mql", model.stages.mql), ("sql", model.stages.sql)):
        for index, condition in enumerate(stage.any):
            path = f"stages.{name}.any.{index}"
            yield from (f"{path}.{key}: no such key, group or sum" for key in condition.thresholds.keys() - known)
            if condition.signal and condition.signal not in model.signals:
                yield f"{path}.signal: there is no signal '{condition.signal}'"
        yield from (f"stages.{name}.cool_below.{key}: no such group or sum" for key in stage.cool_below.keys() - known)


def _recycle_names(model: ModelDocument) -> Iterator[str]:
    for key, value in model.recycle.items():
        if (key == "wakes") != isinstance(value, list):
            yield f"recycle.{key}: {'a list of signals' if key == 'wakes' else 'a number of days'} is needed"
        elif isinstance(value, list):
            yield from (f"recycle.wakes: there is no signal '{one}'" for one in value if one not in model.signals)


def _example_names(model: ModelDocument) -> Iterator[str]:
    facts = _profile_fields(model)
    values = {*model.groups, *model.sums}
    seen: set[str] = set()
    for index, example in enumerate(model.examples):
        path = f"examples.{index}"
        if example.name in seen:
            yield f"{path}.name: another example has the same name; rename one"
        seen.add(example.name)
        yield from (
            f"{path}.given.profile.{key}: no such field, and no rule reads it"
            for key in example.given.profile.keys() - facts
        )
        for number, event in enumerate(example.given.events):
            yield from (
                f"{path}.given.events.{number}.{key}: no such key, and no signal on {event.kind} reads it"
                for key in event.extra.keys() - _read_of(model, event.kind)
            )
        yield from (
            f"{path}.expect.groups.{key}: no such group or sum" for key in example.expect.groups.keys() - values
        )


def _profile_fields(model: ModelDocument) -> set[str]:
    """What an example may say of a person: the fields that a form may have and those that rules read."""
    rules = [*model.rules.profile.values(), *model.rules.undesirables.values()]
    read = {rule.field for rule in rules if isinstance(rule, FieldRuleDocument) and not rule.touch}
    return (read | NAMED_FIELDS) - DERIVED_FIELDS


def _read_of(model: ModelDocument, kind: str) -> set[str]:
    """What the signals on a kind of event ask of it. The path of a page is the page itself."""
    signals = [signal for signal in model.signals.values() if signal.on == kind]
    read = {name for signal in signals for name in (*signal.where, signal.distinct) if name}
    return read - {"path"} if kind == "page" else read
