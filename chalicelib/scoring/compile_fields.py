"""Compiles the rules on fields."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from chalicelib.inputs.choices import NO, YES
from chalicelib.inputs.countries import read_country
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.exclusions import ExcludingSignal, Exclusions
from chalicelib.scoring.field_rules import DateSpan, FieldRule, Operator, Test, comparable
from chalicelib.scoring.joint_rules import JointRule
from chalicelib.scoring.milli import to_milli
from chalicelib.scoring.model import default_group
from chalicelib.scoring.pattern import Patterns
from chalicelib.scoring.words import Phrases

_OPERATORS = {operator.value: operator for operator in Operator}

WrittenRule = tuple[str, Mapping[str, Any], str]
"""A rule's name, the rule as it is written, and the side of the model that it is on."""

COUNTRY = "country"
_COUNTRY_KEYS = tuple(
    one.value
    for one in (Operator.EQUALS, Operator.MATCHES, Operator.WORDS, Operator.CONTAINS, Operator.NOT)
)
"""The operators that may name countries."""


class CompiledFacts(NamedTuple):
    """Compiled rules on facts."""

    field_rules: Sequence[FieldRule]
    joint_rules: Sequence[JointRule]
    is_dated: bool
    """Whether one of them compares a date with today."""


def compile_facts(written: Iterable[WrittenRule]) -> CompiledFacts:
    """Return rules on one fact and on several, as they are written."""
    rules = list(written)
    field_rules = [compile_field_rule(*one) for one in rules if "all" not in one[1]]
    joint_rules = [compile_joint_rule(*one) for one in rules if "all" in one[1]]
    is_dated = any(rule.on for rule in field_rules) or any(rule.on for rule in joint_rules)
    return CompiledFacts(field_rules, joint_rules, is_dated)


def compile_field_rule(key: str, rule: Mapping[str, Any], side: str) -> FieldRule:
    """Return the rule of this name as it is written on one side of the model."""
    tiers = rule.get("tiers") or [rule]
    if rule["field"] == COUNTRY:
        tiers = [_with_codes(tier) for tier in tiers]
    return FieldRule(
        id=key,
        group=rule.get("group") or default_group(side, on_signal=False),
        field=rule["field"],
        touch=rule.get("touch"),
        tiers=tuple((_test(tier), to_milli(tier.get("points") or 0)) for tier in tiers),
        disqualify=bool(rule.get("disqualify", False)),
    )


def compile_joint_rule(key: str, rule: Mapping[str, Any], side: str) -> JointRule:
    """Return the rule of this name, on several facts, as it is written on one side of the model."""
    whole = {name: value for name, value in rule.items() if name != "all"}
    first, *others = [compile_field_rule(key, {**whole, **part}, side) for part in rule["all"]]
    return JointRule(key, first.group, (first, *others), first.disqualify)


def compile_exclusions(excluded: Mapping[str, Mapping[str, Any]]) -> Exclusions:
    """Return who is left out, as it is written."""
    facts = compile_facts(
        (key, {**rule, "disqualify": True}, "profile")
        for key, rule in excluded.items()
        if is_on_facts(rule)
    )
    return Exclusions(
        **facts._asdict(),
        signals=[
            ExcludingSignal(key, rule["signal"], rule.get("within_days", HORIZON_DAYS - 1))
            for key, rule in excluded.items()
            if "signal" in rule
        ],
    )


def is_on_facts(rule: Mapping[str, Any]) -> bool:
    """Return whether a rule is on facts as it is written, and not on a signal."""
    return "field" in rule or "all" in rule


def facts_in(rule: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the fields that a rule on facts reads, each with its test or tiers, as written."""
    return list(rule.get("all") or [rule])


def operator_of(rule: Mapping[str, Any]) -> Operator:
    """Return the operator of a rule or tier as it is written."""
    return next(operator for key, operator in _OPERATORS.items() if rule.get(key) is not None)


def negated(written: Any) -> Mapping[str, Any]:
    """Return what `not` denies as a test of its own: it is one, or a value or several values."""
    return written if isinstance(written, Mapping) else {Operator.EQUALS.value: written}


def _test(rule: Mapping[str, Any]) -> Test:
    operator = operator_of(rule)
    return Test(operator, _OPERANDS[operator](rule[operator.value]), _WORDS.get(operator))


def _with_codes(tier: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a test of a country with codes for names, because profiles have codes (ADR 0040)."""
    return {**tier, **{key: _codes(tier[key]) for key in _COUNTRY_KEYS if key in tier}}


def _codes(written: Any) -> Any:
    if isinstance(written, Mapping):
        return _with_codes(written)
    if isinstance(written, list):
        return list(map(_codes, written))
    return read_country(written).value


def _values(written: Any) -> frozenset[str]:
    """Return what a value may be.

    True and false are the words for yes and no, too: a field without a type keeps what was said.
    1 and 0 stay numbers.
    """
    values = written if isinstance(written, list) else [written]
    answers = [YES if value else NO for value in values if isinstance(value, bool)]
    words = (word for one in answers for word in one if not word.isdigit())
    return frozenset(map(comparable, chain(values, words)))


def _patterns(written: Any) -> Patterns:
    return Patterns.of((pattern, 1) for pattern in written)


def _phrases(written: Any) -> Phrases:
    return Phrases.of(written if isinstance(written, list) else [written])


def _next_days(written: Any) -> DateSpan:
    return DateSpan(range(written + 1))


def _last_days(written: Any) -> DateSpan:
    return DateSpan(range(-written, 1))


def _denied(written: Any) -> Test:
    return _test(negated(written))


def _as_written(written: Any) -> Any:
    return written


_OPERANDS: Mapping[Operator, Callable[[Any], Any]] = {
    Operator.EQUALS: _values,
    Operator.MATCHES: _patterns,
    Operator.WORDS: _phrases,
    Operator.CONTAINS: _values,
    Operator.IN_LIST: _as_written,
    Operator.BETWEEN: _as_written,
    Operator.AT_LEAST: _as_written,
    Operator.BELOW: _as_written,
    Operator.NEXT_DAYS: _next_days,
    Operator.LAST_DAYS: _last_days,
    Operator.NOT: _denied,
    Operator.PRESENT: _as_written,
    Operator.ABSENT: _as_written,
    Operator.ELSE: _as_written,
}
"""What an operator compares with, in the form that a comparison is fast with."""

_WORDS: Mapping[Operator, str] = {Operator.PRESENT: "given", Operator.ABSENT: "not given"}
"""What a reason says of a field instead of its value. Worked out once for each rule, because every
score needs it.
"""
