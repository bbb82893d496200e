"""The scoring model: the document that marketing and sales agree on, and what is compiled from it.

The format is shown by example in defaults/model.yaml. `load` refuses a key outside the format by its path.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from chalicelib.document import Document, parse_document
from chalicelib.errors import DocumentError
from chalicelib.events import Kind, Value
from chalicelib.scoring.lists import LIST_NAMES, bundled
from chalicelib.scoring.pattern import matches_any

Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
Patterns = list[Annotated[str, Field(max_length=200)]]
DEFAULT_WITHIN_DAYS = 30  # a condition's `signal` without `within_days`: design.md, "Scoring"
CONDITION_KEYS = frozenset({"signal", "days", "within_days", "kind"})


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

    def holds(self, value: Value | None) -> bool:
        """Whether the operator holds for a field's value; None is a field that is not known."""
        if self.absent:
            return value is None or value == ""
        if value is None or value == "":
            return False
        if self.present:
            return True
        if self.matches is not None:
            return matches_any(self.matches, str(value))
        if self.in_list is not None:
            return str(value).lower() in bundled(self.in_list)
        if self.between is not None:
            return self.between[0] <= _number(value) <= self.between[1]
        wanted = self.equals if isinstance(self.equals, list) else [self.equals]
        return str(value).casefold() in (str(one).casefold() for one in wanted)


OPERATORS = ("equals", "matches", "between", "in_list", "present", "absent")


class TierDocument(TestDocument):
    """One tier of a rule: the first that holds gives its points."""

    points: float


class FieldRuleDocument(TestDocument):
    """A rule on the profile, or with `touch` on the first or last touch."""

    field: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
    touch: Literal["first", "last"] | None = None
    tiers: list[TierDocument] | None = None
    points: float | None = None
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
    points: float
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    per_day: Annotated[int, Field(ge=1)] | None = None
    max_points: Annotated[float, Field(gt=0)] | None = None
    group: Name | None = None


class RulesDocument(Document):
    """The four sides that marketing and sales agree on."""

    profile: dict[Name, FieldRuleDocument] = {}
    channel: dict[Name, FieldRuleDocument] = {}
    actions: dict[Name, BehaviourRuleDocument] = {}
    undesirables: dict[Name, FieldRuleDocument | BehaviourRuleDocument] = {}

    @model_validator(mode="before")
    @classmethod
    def _by_field(cls, data: Any) -> Any:
        """An undesirable with `field` is a field rule: say so to pydantic, so that its errors are about one shape."""
        if isinstance(data, dict) and isinstance(data.get("undesirables"), dict):
            sides = {
                key: (FieldRuleDocument if "field" in rule else BehaviourRuleDocument).model_validate(rule)
                if isinstance(rule, dict)
                else rule
                for key, rule in data["undesirables"].items()
            }
            return {**data, "undesirables": sides}
        return data


class LimitDocument(Document):
    """A group's bounds, in points."""

    max: float
    min: float


class ConditionDocument(Document):
    """One way into a stage: every part given must hold. Other keys are thresholds on `score` or a group."""

    signal: Name | None = None
    days: Annotated[int, Field(ge=1, le=366)] = 1
    within_days: Annotated[int, Field(ge=0, le=366)] = DEFAULT_WITHIN_DAYS
    kind: Literal["requested", "inferred"] | None = None
    thresholds: dict[str, float] = {}

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
    cool_below: dict[str, float] = {}
    stay_days: Annotated[int, Field(ge=0, le=366)] = 0


class StagesDocument(Document):
    """The two stages that the model decides."""

    mql: StageDocument
    sql: StageDocument


class InternalDocument(Document):
    """Own staff: neither scored nor counted."""

    email_domain: list[str] = []


class ModelDocument(Document):
    """A scoring model as it is written, stored and exchanged."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    internal: InternalDocument = InternalDocument()
    signals: dict[Name, SignalDocument]
    rules: RulesDocument
    groups: dict[Name, LimitDocument]
    sums: dict[Name, list[Name]] = {}
    grades: dict[Annotated[str, Field(pattern="^[A-E]$")], float]
    grade_needs: Annotated[int, Field(ge=0)] = 0
    stages: StagesDocument
    recycle: dict[str, int | list[Name]] = {}


@dataclass(frozen=True, slots=True)
class Signal:
    """A compiled signal; `where` pairs a property with the patterns of which one must match."""

    id: str
    kind: Kind
    names: tuple[str, ...] | None
    where: tuple[tuple[str, tuple[str, ...]], ...]
    distinct: str | None
    topic: str | None


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A compiled rule on the profile or a touch: the first tier that holds gives its points."""

    id: str
    group: str
    field: str
    touch: str | None
    tiers: tuple[tuple[TestDocument, int], ...]
    disqualify: bool


@dataclass(frozen=True, slots=True)
class BehaviourRule:
    """A compiled rule on a signal. points and max_points in thousandths."""

    id: str
    group: str
    signal: Signal
    points: int
    half_life_days: float | None
    per_day: int | None
    max_points: int | None


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled way into a stage; thresholds in thousandths."""

    thresholds: tuple[tuple[str, int], ...]
    signal: str | None
    days: int
    within_days: int
    kind: str | None


@dataclass(frozen=True, slots=True)
class Model:
    """A scoring model, ready to use. Thresholds, limits and points are integers in thousandths of a point."""

    name: str
    version: int
    signals: Mapping[str, Signal]
    by_kind: Mapping[Kind, Sequence[Signal]]
    field_rules: Sequence[FieldRule]
    behaviour_rules: Sequence[BehaviourRule]
    groups: Mapping[str, tuple[int, int]]  # group -> (min, max)
    sums: Mapping[str, Sequence[str]]
    grades: Sequence[tuple[int, str]]  # best first
    grade_needs: int
    mql: Sequence[Condition]
    sql: Sequence[Condition]
    cool_below: Mapping[str, int]
    stay_days: int
    recycle: Mapping[str, int]
    wakes: Sequence[str]
    internal_domains: Sequence[str]
    fit_groups: Sequence[str] = field(default=("fit",))


def load(document: Mapping[str, Any], version: int) -> Model:
    """Compile a model document.

    document: as in defaults/model.yaml; version: the number under which it is stored.
    Raises DocumentError naming each key outside the format, wrong value or unknown name, with its path.
    """
    parsed = parse_document(ModelDocument, document)
    _check_names(parsed)
    signals = {key: _signal(key, signal) for key, signal in parsed.signals.items()}
    stages, rules = parsed.stages, parsed.rules
    wakes = parsed.recycle.get("wakes", [])
    return Model(
        name=parsed.name,
        version=version,
        signals=signals,
        by_kind={kind: [s for s in signals.values() if s.kind == kind] for kind in Kind},
        field_rules=[
            *(_field_rule(key, rule, "fit") for key, rule in rules.profile.items()),
            *(_field_rule(key, rule, "channel") for key, rule in rules.channel.items()),
            *(
                _field_rule(key, rule, "fit")
                for key, rule in rules.undesirables.items()
                if isinstance(rule, FieldRuleDocument)
            ),
        ],
        behaviour_rules=[
            _behaviour_rule(key, rule, signals)
            for key, rule in (rules.actions | rules.undesirables).items()
            if isinstance(rule, BehaviourRuleDocument)
        ],
        groups={key: (milli(limit.min), milli(limit.max)) for key, limit in parsed.groups.items()},
        sums=parsed.sums,
        grades=sorted(((milli(points), grade) for grade, points in parsed.grades.items()), reverse=True),
        grade_needs=parsed.grade_needs,
        mql=[_condition(condition) for condition in stages.mql.any],
        sql=[_condition(condition) for condition in stages.sql.any],
        cool_below={key: milli(points) for key, points in stages.mql.cool_below.items()},
        stay_days=stages.mql.stay_days,
        recycle={key: days for key, days in parsed.recycle.items() if isinstance(days, int)},
        wakes=wakes if isinstance(wakes, list) else [],
        internal_domains=[domain.lower() for domain in parsed.internal.email_domain],
    )


def milli(points: float) -> int:
    """Points in whole thousandths: scores are summed as integers, so that they add up on any processor."""
    return round(points * 1000)


def _check_names(model: ModelDocument) -> None:
    """Refuse a rule or condition that speaks of a signal or a group the model does not have."""
    wrong = [*_rule_names(model), *_stage_names(model), *_recycle_names(model)]
    for key, parts in model.sums.items():
        wrong += [f"sums.{key}: there is no group '{part}'" for part in parts if part not in model.groups]
    if wrong:
        raise DocumentError("; ".join(sorted(wrong)))


def _rule_names(model: ModelDocument) -> Iterator[str]:
    sides = {name: getattr(model.rules, name) for name in RulesDocument.model_fields}
    for side, rules in sides.items():
        for key, rule in rules.items():
            if isinstance(rule, BehaviourRuleDocument) and (rule.signal or key) not in model.signals:
                yield f"rules.{side}.{key}: there is no signal '{rule.signal or key}'; add it to signals"
            if rule.group and rule.group not in model.groups:
                yield f"rules.{side}.{key}.group: there is no group '{rule.group}'; add it to groups"


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


def _signal(key: str, signal: SignalDocument) -> Signal:
    names = tuple(signal.form) if signal.form else (signal.event,) if signal.event else None
    return Signal(
        id=key,
        kind=Kind(signal.on),
        names=names,
        where=tuple((name, tuple(patterns)) for name, patterns in signal.where.items()),
        distinct=signal.distinct,
        topic=signal.topic,
    )


def _field_rule(key: str, rule: FieldRuleDocument, group: str) -> FieldRule:
    tiers: list[tuple[TestDocument, int]] = [(tier, milli(tier.points)) for tier in rule.tiers or []]
    return FieldRule(
        id=key,
        group=rule.group or group,
        field=rule.field,
        touch=rule.touch,
        tiers=tuple(tiers or [(rule, milli(rule.points or 0))]),
        disqualify=rule.disqualify,
    )


def _behaviour_rule(key: str, rule: BehaviourRuleDocument, signals: Mapping[str, Signal]) -> BehaviourRule:
    return BehaviourRule(
        id=key,
        group=rule.group or "engagement",
        signal=signals[rule.signal or key],
        points=milli(rule.points),
        half_life_days=rule.half_life_days,
        per_day=rule.per_day,
        max_points=milli(rule.max_points) if rule.max_points is not None else None,
    )


def _condition(condition: ConditionDocument) -> Condition:
    return Condition(
        thresholds=tuple((key, milli(points)) for key, points in condition.thresholds.items()),
        signal=condition.signal,
        days=condition.days,
        within_days=condition.within_days,
        kind=condition.kind,
    )


def _number(value: Value) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")  # compares false with every bound


assert set(LIST_NAMES) == {"free_mail", "role"}, "in_list's literal and the bundled lists are one set"
