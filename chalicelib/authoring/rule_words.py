"""A rule, and the behaviour or fact that it is about, in the plain words of the agreement page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from chalicelib.scoring.compile_fields import operator_of
from chalicelib.scoring.field_rules import Operator

LIST_WORDS = {
    "free_mail": "that of a free-mail provider",
    "disposable": "that of a provider of throw-away addresses",
    "role": "a role, such as info or sales",
}
FIELD_WORDS = {
    "email_domain": "the domain of the address",
    "email_local": "the part of the address before the @",
}
KIND_WORDS = {
    "page": "page view",
    "track": "event",
    "form": "form",
    "mail": "email event",
    "sales": "sales activity",
}

_Written = Mapping[str, Any]
"""The document or a part of it, as it is written."""


def fact_words(rule: _Written) -> str:
    """Return what a rule on the profile or a touch says."""
    subject = _subject(rule)
    tiers = rule.get("tiers") or [rule]
    worth = ", else ".join(
        f"{points_words(tier.get('points') or 0)} if {subject} {_test(tier)}" for tier in tiers
    )
    if not rule.get("disqualify"):
        return worth
    has_points = any(tier.get("points") for tier in tiers)
    return f"{worth}; disqualifies" if has_points else f"disqualifies if {match_words(rule)}"


def _subject(rule: _Written) -> str:
    field = FIELD_WORDS.get(rule["field"], plain_words(rule["field"]))
    return f"the {rule['touch']} {field}" if rule.get("touch") else field


def match_words(rule: _Written) -> str:
    """Return when a rule matches at all, whatever the tier."""
    return f"{_subject(rule)} {' or '.join(_test(tier) for tier in rule.get('tiers') or [rule])}"


def _test(tier: _Written) -> str:
    operator = operator_of(tier)
    operand = tier[operator]
    match operator:
        case Operator.EQUALS:
            return f"is {or_words(_list(operand))}"
        case Operator.MATCHES:
            return f"is like {or_words(operand)}"
        case Operator.BETWEEN:
            low, high = operand
            return f"is between {low:g} and {high:g}"
        case Operator.IN_LIST:
            return f"is {LIST_WORDS[operand]}"
        case Operator.PRESENT:
            return "is given"
        case Operator.ABSENT:
            return "is not given"
        case _:
            assert_never(operator)


def behaviour_words(document: _Written, key: str, rule: _Written) -> str:
    """Return what a rule on a signal says."""
    signal = document["signals"][rule.get("signal") or key]
    parts = [f"{points_words(rule['points'])} for each {_signal(signal)}"]
    if rule.get("per_day") and not signal.get("distinct"):  # a key counts once, whatever the day
        parts.append(f"at most {rule['per_day']} a day")
    if rule.get("max_points"):
        most = rule["max_points"] if rule["points"] > 0 else -rule["max_points"]
        parts.append(f"{points_words(most)} at most")
    if rule.get("half_life_days"):
        parts.append(f"half of it gone after {days_words(rule['half_life_days'])}")
    return ", ".join(parts)


def _signal(signal: _Written) -> str:
    names = signal.get("form") or _list(signal.get("event") or [])
    kind = KIND_WORDS[signal["on"]]
    named = f"{kind} {or_words(names)}" if names else kind
    where = [
        f"{plain_words(name)} {_where_words(test)}"
        for name, test in signal.get("where", {}).items()
    ]
    each = f", each {plain_words(signal['distinct'])} once" if signal.get("distinct") else ""
    return named + (f" with {' and '.join(where)}" if where else "") + each


def _where_words(test: Any) -> str:
    """Return what a property of an event must be like."""
    if isinstance(test, list):
        return f"like {or_words(test)}"
    words = {
        "between": "between {:,.15g} and {:,.15g}",
        "at_least": "of at least {:,.15g}",
        "below": "below {:,.15g}",
    }
    return " and ".join(words[key].format(*_list(number)) for key, number in test.items())


def plain_words(key: str) -> str:
    """Return a key as words."""
    return key.replace("-", " ").replace("_", " ")


def points_words(points: float) -> str:
    """Return a number of points."""
    return f"{points:g} {'point' if abs(points) == 1 else 'points'}"


def days_words(days: float) -> str:
    """Return a number of days."""
    return f"{days:g} {'day' if days == 1 else 'days'}"


def _list(one: Any) -> list[Any]:
    """Return as a list what may be written as one thing or as a list of them."""
    return one if isinstance(one, list) else [one]


def or_words(texts: Iterable[Any]) -> str:
    """Return texts as code, so that a `*` is not taken for emphasis."""
    *rest, last = [f"`{text}`" for text in texts] or ["nothing yet"]
    return f"{', '.join(rest)} or {last}" if rest else last
