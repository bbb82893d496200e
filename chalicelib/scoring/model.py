"""The scoring model: the document that marketing and sales agree on, compiled to what scoring works
with.

The format is shown by example in defaults/model.yaml and checked by authoring/format.py.
"""

import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from dataclasses import field as made_later  # in a class that has a field of that name
from datetime import UTC, tzinfo
from functools import lru_cache
from hashlib import sha256
from typing import Any

from chalicelib.days import name_of
from chalicelib.errors import DocumentError
from chalicelib.events import Kind, Value
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.lists import bundled
from chalicelib.scoring.matching import Matcher, Signal
from chalicelib.scoring.pattern import Patterns
from chalicelib.scoring.profile import NAMED_FIELDS

INFERRED, REQUESTED = "inferred", "requested"
DEFAULT_WITHIN_DAYS = 30  # a condition's `signal` without `within_days`: design.md, "Scoring"
TIERS_REMEMBERED = 512  # values of one rule: a few hundred kilobytes for fifty rules
CONDITION_KEYS = frozenset({"signal", "days", "within_days", "kind"})
LONG_TEXTS = frozenset({"message"})  # stay in the event: a profile is read with every count
EXAMPLE_KINDS = (
    "page",
    "track",
    "form",
    "mail",
)  # of the events that a model's examples are made of
OPERATORS = ("equals", "matches", "between", "in_list", "present", "absent")


@dataclass(frozen=True, slots=True)
class Test:
    """One operator and what it compares with, for example `between` and [50, 1000]."""

    __test__ = False  # not a test class, whatever its name says to pytest

    operator: str
    operand: Any

    def holds(self, value: Value | None) -> bool:
        """Whether the operator holds for a field's value; None is a field that is not known."""
        if value is None or value == "":
            return self.operator == "absent"
        match self.operator:
            case "equals":
                return compared(value) in self.operand
            case "matches":
                return bool(self.operand.bits_of(compared(value)))
            case "in_list":
                return str(value).lower() in bundled(self.operand)
            case "between":
                low, high = self.operand
                return bool(low <= _number(value) <= high)
            case _:
                return self.operator == "present"


Tier = tuple[Test, int]  # with its thousandths of a point


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A compiled rule on the profile or a touch: the first tier that holds gives its points."""

    id: str
    group: str
    field: str
    touch: str | None
    tiers: tuple[Tier, ...]
    disqualify: bool
    tier_of: Callable[[Value | None], Tier | None] = made_later(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        # Most people's values are somebody else's too: a country, a title, a size.
        object.__setattr__(
            self, "tier_of", lru_cache(maxsize=TIERS_REMEMBERED, typed=True)(self._tier_of)
        )

    def _tier_of(self, value: Value | None) -> Tier | None:
        """The first tier that holds for a value."""
        return next((tier for tier in self.tiers if tier[0].holds(value)), None)


@dataclass(frozen=True, slots=True)
class BehaviourRule:
    """A compiled rule on a signal. points and max_points in thousandths; decay: what is left of a
    point after so many days, for each day of the horizon.
    """

    id: str
    group: str
    signal: Signal
    points: int
    half_life_days: float | None
    per_day: int | None
    max_points: int | None
    decay: Sequence[float] = field(repr=False)


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
    """A scoring model, ready to use. Thresholds, limits and points are integers in thousandths of a
    point.

    activation: how many models were made the active one up to this one, 0 for a draft. It only
    grows, also when an older version is published again, so that a worker can tell an older model
    from a newer one. matching: a digest of what counting depends on. A tally that was counted by
    another one must be counted again.
    """

    name: str
    version: int
    activation: int
    matching: str
    zone: tzinfo
    signals: Mapping[str, Signal]
    matchers: Mapping[Kind, Matcher]
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
    internal_domains: Sequence[str]  # patterns
    fields: Set[str]  # of the profile, that rules read


def compiled(
    document: Mapping[str, Any], version: int, activation: int = 0, zone: tzinfo = UTC
) -> Model:
    """Compile a model document that was checked when it was stored.

    zone: the company's time zone, in which events fall on days. Raises DocumentError for a
    document that was not checked.
    """
    try:
        return _compiled(document, version, activation, zone)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        StopIteration,
        TypeError,
        ValueError,
    ) as error:
        raise DocumentError(f"the stored model {version} breaks its format at {error}") from None


def milli(points: float) -> int:
    """Points in whole thousandths: scores are summed as integers, so that they add up on any
    processor.
    """
    return round(points * 1000)


def compared(value: Value) -> str:
    """A value as the text that it is compared by: without case, and 5.0 is the number 5, however it
    was written.
    """
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value).casefold()


def default_group(side: str, *, on_signal: bool) -> str:
    """The group of a rule that names none: of a signal engagement, of the channel channel, of the
    profile fit.
    """
    if on_signal:
        return "engagement"
    return "channel" if side == "channel" else "fit"


def _compiled(document: Mapping[str, Any], version: int, activation: int, zone: tzinfo) -> Model:
    rules, stages, recycle = document["rules"], document["stages"], document.get("recycle", {})
    profile, channel = rules.get("profile", {}), rules.get("channel", {})
    behaviour = {**rules.get("actions", {}), **rules.get("undesirables", {})}
    signals = {key: _signal(key, signal) for key, signal in document["signals"].items()}
    by_kind = {
        kind: [signal for signal in signals.values() if signal.kind == kind] for kind in Kind
    }
    on_fields = {key: rule for key, rule in behaviour.items() if "field" in rule}
    fields = (
        frozenset(rule["field"] for rule in (*profile.values(), *on_fields.values())) - LONG_TEXTS
    )
    return Model(
        name=document["name"],
        version=version,
        activation=activation,
        matching=_matching(signals, fields, zone),
        zone=zone,
        signals=signals,
        matchers={kind: Matcher.of(those) for kind, those in by_kind.items()},
        field_rules=[
            *(_field_rule(key, rule, "profile") for key, rule in profile.items()),
            *(_field_rule(key, rule, "channel") for key, rule in channel.items()),
            *(_field_rule(key, rule, "undesirables") for key, rule in on_fields.items()),
        ],
        behaviour_rules=[
            _behaviour_rule(key, rule, signals)
            for key, rule in behaviour.items()
            if key not in on_fields
        ],
        groups={
            key: (milli(limit["min"]), milli(limit["max"]))
            for key, limit in document["groups"].items()
        },
        sums=document.get("sums", {}),
        grades=sorted(
            ((milli(points), grade) for grade, points in document["grades"].items()), reverse=True
        ),
        grade_needs=document.get("grade_needs", 0),
        mql=[_condition(condition, None) for condition in stages["mql"]["any"]],
        sql=[_condition(condition, INFERRED) for condition in stages["sql"]["any"]],
        cool_below={
            key: milli(points) for key, points in stages["mql"].get("cool_below", {}).items()
        },
        stay_days=stages["mql"].get("stay_days", 0),
        recycle={key: days for key, days in recycle.items() if key != "wakes"},
        wakes=recycle.get("wakes", []),
        fields=fields,
        internal_domains=document.get("internal", {}).get("email_domain", []),
    )


def _signal(key: str, signal: Mapping[str, Any]) -> Signal:
    where, distinct, events = (
        signal.get("where", {}),
        signal.get("distinct"),
        signal.get("event") or [],
    )
    names = signal.get("form") or ([events] if isinstance(events, str) else events)
    visited = "visited the " if "path" in where and not distinct else ""
    return Signal(
        id=key,
        kind=Kind(signal["on"]),
        names=tuple(names) if names else None,
        where=tuple((name, tuple(patterns)) for name, patterns in where.items()),
        distinct=distinct,
        topic=signal.get("topic"),
        words=visited + key.replace("-", " "),
    )


def _matching(signals: Mapping[str, Signal], fields: Set[str], zone: tzinfo) -> str:
    """Sixteen hex digits of what decides which signals an event matches and what a profile keeps of
    it.
    """
    what = [
        [one.id, one.kind, one.names, one.where, one.distinct] for _, one in sorted(signals.items())
    ]
    return sha256(
        json.dumps([what, sorted(fields - NAMED_FIELDS), name_of(zone)]).encode()
    ).hexdigest()[:16]


def _field_rule(key: str, rule: Mapping[str, Any], side: str) -> FieldRule:
    return FieldRule(
        id=key,
        group=rule.get("group") or default_group(side, on_signal=False),
        field=rule["field"],
        touch=rule.get("touch"),
        tiers=tuple(
            (_test(tier), milli(tier.get("points") or 0)) for tier in rule.get("tiers") or [rule]
        ),
        disqualify=bool(rule.get("disqualify", False)),
    )


def _test(rule: Mapping[str, Any]) -> Test:
    operator = next(name for name in OPERATORS if rule.get(name) is not None)
    operand = rule[operator]
    if operator == "equals":
        operand = frozenset(map(compared, operand if isinstance(operand, list) else [operand]))
    if operator == "matches":
        operand = Patterns.of((pattern, 1) for pattern in operand)
    return Test(operator, operand)


def _behaviour_rule(
    key: str, rule: Mapping[str, Any], signals: Mapping[str, Signal]
) -> BehaviourRule:
    most = rule.get("max_points")
    return BehaviourRule(
        id=key,
        group=rule.get("group") or default_group("actions", on_signal=True),
        signal=signals[rule.get("signal") or key],
        points=milli(rule["points"]),
        half_life_days=rule.get("half_life_days"),
        per_day=rule.get("per_day"),
        max_points=milli(most) if most is not None else None,
        decay=_decay(rule.get("half_life_days")),
    )


@lru_cache(maxsize=64)
def _decay(half_life_days: float | None) -> Sequence[float]:
    """What is left of a point after 0, 1, 2, ... days. A table, because the same few hundred powers
    are asked for with every score.
    """
    return tuple(
        1.0 if half_life_days is None else 2.0 ** (-days / half_life_days)
        for days in range(HORIZON_DAYS)
    )


def _condition(condition: Mapping[str, Any], kind: str | None) -> Condition:
    return Condition(
        thresholds=tuple(
            (key, milli(points)) for key, points in condition.items() if key not in CONDITION_KEYS
        ),
        signal=condition.get("signal"),
        days=condition.get("days", 1),
        within_days=condition.get("within_days", DEFAULT_WITHIN_DAYS),
        kind=condition.get("kind") or kind,
    )


def _number(value: Value) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")  # compares false with every bound
