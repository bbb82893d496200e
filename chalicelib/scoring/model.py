"""The scoring model: the document that marketing and sales agree on, compiled to what scoring works with.

The format is shown by example in defaults/model.yaml and checked by scoring/format.py.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import DocumentError
from chalicelib.events import Kind, Value
from chalicelib.scoring.lists import bundled
from chalicelib.scoring.pattern import matches_any

DEFAULT_WITHIN_DAYS = 30  # a condition's `signal` without `within_days`: design.md, "Scoring"
CONDITION_KEYS = frozenset({"signal", "days", "within_days", "kind"})
LONG_TEXTS = frozenset({"message"})  # stay in the event: a profile is read with every count
EXAMPLE_KINDS = ("page", "track", "form", "mail")  # of the events that a model's examples are made of
OPERATORS = ("equals", "matches", "between", "in_list", "present", "absent")


@dataclass(frozen=True, slots=True)
class Test:
    """One operator and what it compares with, for example `between` and [50, 1000]."""

    __test__ = False  # not a test class, whatever its name says to pytest

    operator: str
    operand: Any

    def holds(self, value: Value | None) -> bool:
        """Whether the operator holds for a field's value; None is a field that is not known."""
        known = value is not None and value != ""
        if self.operator in ("present", "absent"):
            return known == (self.operator == "present")
        if value is None or not known:
            return False
        if self.operator == "matches":
            return matches_any(self.operand, str(value))
        if self.operator == "in_list":
            return str(value).lower() in bundled(self.operand)
        if self.operator == "between":
            low, high = self.operand
            return bool(low <= _number(value) <= high)
        return str(value).casefold() in self.operand


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
    tiers: tuple[tuple[Test, int], ...]
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
    fields: Set[str]  # of the profile, that rules read


def compiled(document: Mapping[str, Any], version: int) -> Model:
    """Compile a model document that was checked when it was stored. Raises DocumentError when it was not."""
    try:
        return _compiled(document, version)
    except (ArithmeticError, AttributeError, LookupError, StopIteration, TypeError, ValueError) as error:
        raise DocumentError(f"the stored model {version} breaks its format at {error}") from None


def milli(points: float) -> int:
    """Points in whole thousandths: scores are summed as integers, so that they add up on any processor."""
    return round(points * 1000)


def default_group(side: str, *, on_signal: bool) -> str:
    """The group of a rule that names none: of a signal engagement, of the channel channel, of the profile fit."""
    if on_signal:
        return "engagement"
    return "channel" if side == "channel" else "fit"


def _compiled(document: Mapping[str, Any], version: int) -> Model:
    rules, stages, recycle = document["rules"], document["stages"], document.get("recycle", {})
    profile, channel = rules.get("profile", {}), rules.get("channel", {})
    behaviour = {**rules.get("actions", {}), **rules.get("undesirables", {})}
    signals = {key: _signal(key, signal) for key, signal in document["signals"].items()}
    on_fields = {key: rule for key, rule in behaviour.items() if "field" in rule}
    return Model(
        name=document["name"],
        version=version,
        signals=signals,
        by_kind={kind: [signal for signal in signals.values() if signal.kind == kind] for kind in Kind},
        field_rules=[
            *(_field_rule(key, rule, "profile") for key, rule in profile.items()),
            *(_field_rule(key, rule, "channel") for key, rule in channel.items()),
            *(_field_rule(key, rule, "undesirables") for key, rule in on_fields.items()),
        ],
        behaviour_rules=[
            _behaviour_rule(key, rule, signals) for key, rule in behaviour.items() if key not in on_fields
        ],
        groups={key: (milli(limit["min"]), milli(limit["max"])) for key, limit in document["groups"].items()},
        sums=document.get("sums", {}),
        grades=sorted(((milli(points), grade) for grade, points in document["grades"].items()), reverse=True),
        grade_needs=document.get("grade_needs", 0),
        mql=[_condition(condition) for condition in stages["mql"]["any"]],
        sql=[_condition(condition) for condition in stages["sql"]["any"]],
        cool_below={key: milli(points) for key, points in stages["mql"].get("cool_below", {}).items()},
        stay_days=stages["mql"].get("stay_days", 0),
        recycle={key: days for key, days in recycle.items() if key != "wakes"},
        wakes=recycle.get("wakes", []),
        fields=frozenset(rule["field"] for rule in (*profile.values(), *on_fields.values())) - LONG_TEXTS,
        internal_domains=[one.lower() for one in document.get("internal", {}).get("email_domain", [])],
    )


def _signal(key: str, signal: Mapping[str, Any]) -> Signal:
    names = signal.get("form") or ([signal["event"]] if signal.get("event") else None)
    return Signal(
        id=key,
        kind=Kind(signal["on"]),
        names=tuple(names) if names else None,
        where=tuple((name, tuple(patterns)) for name, patterns in signal.get("where", {}).items()),
        distinct=signal.get("distinct"),
        topic=signal.get("topic"),
    )


def _field_rule(key: str, rule: Mapping[str, Any], side: str) -> FieldRule:
    return FieldRule(
        id=key,
        group=rule.get("group") or default_group(side, on_signal=False),
        field=rule["field"],
        touch=rule.get("touch"),
        tiers=tuple((_test(tier), milli(tier.get("points") or 0)) for tier in rule.get("tiers") or [rule]),
        disqualify=bool(rule.get("disqualify", False)),
    )


def _test(rule: Mapping[str, Any]) -> Test:
    operator = next(name for name in OPERATORS if rule.get(name) is not None)
    operand = rule[operator]
    if operator == "equals":
        operand = frozenset(str(one).casefold() for one in (operand if isinstance(operand, list) else [operand]))
    return Test(operator, operand)


def _behaviour_rule(key: str, rule: Mapping[str, Any], signals: Mapping[str, Signal]) -> BehaviourRule:
    most = rule.get("max_points")
    return BehaviourRule(
        id=key,
        group=rule.get("group") or default_group("actions", on_signal=True),
        signal=signals[rule.get("signal") or key],
        points=milli(rule["points"]),
        half_life_days=rule.get("half_life_days"),
        per_day=rule.get("per_day"),
        max_points=milli(most) if most is not None else None,
    )


def _condition(condition: Mapping[str, Any]) -> Condition:
    return Condition(
        thresholds=tuple((key, milli(points)) for key, points in condition.items() if key not in CONDITION_KEYS),
        signal=condition.get("signal"),
        days=condition.get("days", 1),
        within_days=condition.get("within_days", DEFAULT_WITHIN_DAYS),
        kind=condition.get("kind"),
    )


def _number(value: Value) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")  # compares false with every bound
