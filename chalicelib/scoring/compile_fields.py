"""Compiles the rules on fields."""

from collections.abc import Mapping
from typing import Any, assert_never

from chalicelib.scoring.field_rules import FieldRule, Operator, Test, comparable
from chalicelib.scoring.milli import to_milli
from chalicelib.scoring.model import default_group
from chalicelib.scoring.pattern import Patterns

_OPERATORS = {operator.value: operator for operator in Operator}


def compile_field_rule(key: str, rule: Mapping[str, Any], side: str) -> FieldRule:
    """Return the rule of this name as it is written on one side of the model."""
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


def operator_of(rule: Mapping[str, Any]) -> Operator:
    """Return the operator of a rule or tier as it is written."""
    return next(operator for key, operator in _OPERATORS.items() if rule.get(key) is not None)
