"""Compiles a model document to the model that scoring works with."""

import json
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, tzinfo
from functools import lru_cache
from hashlib import sha256
from typing import Any, assert_never

from chalicelib.days import name_of
from chalicelib.errors import DocumentError
from chalicelib.events import Kind
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.matching import Matcher, Signal
from chalicelib.scoring.milli import to_milli
from chalicelib.scoring.model import (
    CONDITION_KEYS,
    DEFAULT_WITHIN_DAYS,
    INFERRED,
    BehaviourRule,
    Condition,
    FieldRule,
    Model,
    Operator,
    Test,
    comparable,
    default_group,
)
from chalicelib.scoring.pattern import Patterns
from chalicelib.scoring.profile import NAMED_FIELDS

_OPERATORS = {operator.value: operator for operator in Operator}

LONG_TEXTS = frozenset({"message"})  # stay in the event: a profile is read with every count


def compile_model(
    document: Mapping[str, Any], version: int, activation: int = 0, zone: tzinfo = UTC
) -> Model:
    """Compile a model document that was checked when it was stored (ADR 0015).

    zone: the company's time zone, in which events fall on days. Raises DocumentError for a
    document that was not checked.
    """
    try:
        return _compile(document, version, activation, zone)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        StopIteration,
        TypeError,
        ValueError,
    ) as error:
        raise DocumentError(f"the stored model {version} breaks its format at {error}") from None


def operator_of(rule: Mapping[str, Any]) -> Operator:
    """Return the operator of a rule or tier as it is written."""
    return next(operator for key, operator in _OPERATORS.items() if rule.get(key) is not None)


def _compile(document: Mapping[str, Any], version: int, activation: int, zone: tzinfo) -> Model:
    rules = document["rules"]
    stages = document["stages"]
    recycle = document.get("recycle", {})
    signals = {key: _signal(key, signal) for key, signal in document["signals"].items()}
    profile = rules.get("profile", {})
    behaviour = {**rules.get("actions", {}), **rules.get("undesirables", {})}
    on_fields = {key: rule for key, rule in behaviour.items() if "field" in rule}
    on_signals = {key: rule for key, rule in behaviour.items() if key not in on_fields}
    read = (*profile.values(), *on_fields.values())
    fields = frozenset(rule["field"] for rule in read) - LONG_TEXTS
    return Model(
        name=document["name"],
        version=version,
        activation=activation,
        matching=_matching(signals, fields, zone),
        zone=zone,
        signals=signals,
        matchers={
            kind: Matcher.of([signal for signal in signals.values() if signal.kind is kind])
            for kind in Kind
        },
        field_rules=[
            *(_field_rule(key, rule, "profile") for key, rule in profile.items()),
            *(_field_rule(key, rule, "channel") for key, rule in rules.get("channel", {}).items()),
            *(_field_rule(key, rule, "undesirables") for key, rule in on_fields.items()),
        ],
        behaviour_rules=[_behaviour_rule(key, rule, signals) for key, rule in on_signals.items()],
        groups={
            key: (to_milli(limit["min"]), to_milli(limit["max"]))
            for key, limit in document["groups"].items()
        },
        sums=document.get("sums", {}),
        grades=sorted(
            ((to_milli(points), grade) for grade, points in document["grades"].items()),
            reverse=True,
        ),
        grade_needs=document.get("grade_needs", 0),
        mql=[_condition(condition, None) for condition in stages["mql"]["any"]],
        sql=[_condition(condition, INFERRED) for condition in stages["sql"]["any"]],
        cool_below={
            key: to_milli(points) for key, points in stages["mql"].get("cool_below", {}).items()
        },
        stay_days=stages["mql"].get("stay_days", 0),
        recycle={key: days for key, days in recycle.items() if key != "wakes"},
        wakes=recycle.get("wakes", []),
        internal_domains=document.get("internal", {}).get("email_domain", []),
        fields=fields,
    )


def _signal(key: str, signal: Mapping[str, Any]) -> Signal:
    where = signal.get("where", {})
    distinct = signal.get("distinct")
    events = signal.get("event") or []
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
    """Return sixteen hex digits of everything that counting depends on (ADR 0017).

    That is which signals an event matches, which fields a profile keeps, and where a day begins.
    """
    what = [
        [one.id, one.kind, one.names, one.where, one.distinct] for _, one in sorted(signals.items())
    ]
    text = json.dumps([what, sorted(fields - NAMED_FIELDS), name_of(zone)])
    return sha256(text.encode()).hexdigest()[:16]


def _field_rule(key: str, rule: Mapping[str, Any], side: str) -> FieldRule:
    return FieldRule(
        id=key,
        group=rule.get("group") or default_group(side, on_signal=False),
        field=rule["field"],
        touch=rule.get("touch"),
        tiers=tuple(
            (_test(tier), to_milli(tier.get("points") or 0)) for tier in rule.get("tiers") or [rule]
        ),
        disqualify=bool(rule.get("disqualify", False)),
    )


def _test(rule: Mapping[str, Any]) -> Test:
    operator = operator_of(rule)
    return Test(operator, _operand(operator, rule[operator.value]), _words(operator))


def _operand(operator: Operator, written: Any) -> Any:
    """Return what an operator compares with, in the form that a comparison is fast with."""
    match operator:
        case Operator.EQUALS:
            return frozenset(map(comparable, written if isinstance(written, list) else [written]))
        case Operator.MATCHES:
            return Patterns.of((pattern, 1) for pattern in written)
        case Operator.BETWEEN | Operator.IN_LIST | Operator.PRESENT | Operator.ABSENT:
            return written
        case _:
            assert_never(operator)


def _words(operator: Operator) -> str | None:
    """Return what a reason says of a field instead of its value, or None.

    Worked out once for each rule, because every score needs it.
    """
    match operator:
        case Operator.PRESENT:
            return "given"
        case Operator.ABSENT:
            return "not given"
        case Operator.EQUALS | Operator.MATCHES | Operator.BETWEEN | Operator.IN_LIST:
            return None
        case _:
            assert_never(operator)


def _behaviour_rule(
    key: str, rule: Mapping[str, Any], signals: Mapping[str, Signal]
) -> BehaviourRule:
    most = rule.get("max_points")
    return BehaviourRule(
        id=key,
        group=rule.get("group") or default_group("actions", on_signal=True),
        signal=signals[rule.get("signal") or key],
        points=to_milli(rule["points"]),
        half_life_days=rule.get("half_life_days"),
        per_day=rule.get("per_day"),
        max_points=to_milli(most) if most is not None else None,
        decay=_decay(rule.get("half_life_days")),
    )


@lru_cache(maxsize=64)
def _decay(half_life_days: float | None) -> Sequence[float]:
    """Return what is left of a point after 0, 1, 2, ... days.

    A table, because every score needs the same few hundred powers.
    """
    return tuple(
        1.0 if half_life_days is None else 2.0 ** (-days / half_life_days)
        for days in range(HORIZON_DAYS)
    )


def _condition(condition: Mapping[str, Any], kind: str | None) -> Condition:
    return Condition(
        thresholds=tuple(
            (key, to_milli(points))
            for key, points in condition.items()
            if key not in CONDITION_KEYS
        ),
        signal=condition.get("signal"),
        days=condition.get("days", 1),
        within_days=condition.get("within_days", DEFAULT_WITHIN_DAYS),
        kind=condition.get("kind") or kind,
    )
