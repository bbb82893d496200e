"""A rule, and the behaviour or fact that it is about, in the plain words of the agreement page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from chalicelib.scoring.compile_fields import negated, operator_of
from chalicelib.scoring.field_rules import Operator
from chalicelib.scoring.silence_rules import ANY_SIGNAL, silence_words

LIST_WORDS = {
    "free_mail": "that of a free-mail provider",
    "disposable": "that of a provider of throw-away addresses",
    "role": "a role, such as info or sales",
    "senior_titles": "the title of somebody who decides",
    "manager_titles": "the title of a manager or specialist",
    "assistant_titles": "the title of somebody's assistant",
    "no_buyer_titles": "that of a student, an intern or somebody else who buys nothing",
    "it_titles": "a title in IT",
    "marketing_titles": "a title in marketing",
    "sales_titles": "a title in sales",
    "finance_titles": "a title in finance",
    "hr_titles": "a title in human resources",
    "procurement_titles": "a title in procurement",
    "consultant_titles": "the title of a consultant or freelancer",
    "software_industries": "software or IT",
    "finance_industries": "finance or insurance",
    "manufacturing_industries": "manufacturing",
    "trade_industries": "retail or wholesale",
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

SPELLINGS = {True: ("yes", "true"), False: ("no", "false")}
"""The texts that say the same as an answer."""

_Written = Mapping[str, Any]
"""The document or a part of it, as it is written."""


def fact_words(rule: _Written) -> str:
    """Return what a rule on the profile or a touch says."""
    tiers = rule.get("tiers") or [rule]
    worth = ", else ".join(
        f"{points_words(tier.get('points') or 0)} {_when(rule, tier)}" for tier in tiers
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
    if facts := rule.get("all"):
        return " and ".join(f"{_subject(fact)} {_test(fact)}" for fact in facts)
    return f"{_subject(rule)} {' or '.join(_test(tier) for tier in rule.get('tiers') or [rule])}"


def _when(rule: _Written, tier: _Written) -> str:
    if tier.get("else"):
        return "in any other case"
    return f"if {match_words(rule if rule is tier else {**rule, 'tiers': [tier]})}"


def _test(tier: _Written) -> str:
    operator = operator_of(tier)
    return _TEST_WORDS[operator](tier[operator])


def _denied(operand: Any) -> str:
    """Return the words of a test with a `not` behind its verb."""
    verb, _, rest = _test(negated(operand)).partition(" ")
    return (
        f"is given, and is not {rest}" if verb == "is" else f"is given, but not if it {verb} {rest}"
    )


_TEST_WORDS: Mapping[Operator, Callable[[Any], str]] = {
    Operator.EQUALS: lambda operand: f"is {or_words(_list(operand))}",
    Operator.MATCHES: lambda operand: f"is like {or_words(operand)}",
    Operator.WORDS: lambda operand: f"has the words {or_words(_list(operand))}",
    Operator.CONTAINS: lambda operand: f"lists {or_words(_list(operand))}",
    Operator.IN_LIST: lambda operand: f"is {LIST_WORDS[operand]}",
    Operator.BETWEEN: lambda operand: (
        f"is between {number_words(operand[0])} and {number_words(operand[1])}"
    ),
    Operator.AT_LEAST: lambda operand: f"is at least {number_words(operand)}",
    Operator.BELOW: lambda operand: f"is below {number_words(operand)}",
    Operator.NEXT_DAYS: lambda operand: f"is within the next {days_words(operand)}",
    Operator.LAST_DAYS: lambda operand: f"is within the last {days_words(operand)}",
    Operator.NOT: _denied,
    Operator.PRESENT: lambda _: "is given",
    Operator.ABSENT: lambda _: "is not given",
    Operator.ELSE: lambda _: "is anything else",
}


def silence_rule_words(rule: _Written) -> str:
    """Return what a rule on silence says."""
    silence = rule["silence"]
    unheard = silence_words(silence.get("signals", ANY_SIGNAL))
    return f"{points_words(silence['points'])} after {days_words(silence['days'])} with {unheard}"


def behaviour_words(document: _Written, key: str, rule: _Written) -> str:
    """Return what a rule on a signal says."""
    signal = document["signals"][rule.get("signal") or key]
    if rule.get("tiers"):
        window = {"within_days": rule.get("within_days")}
        worth = ", or ".join(
            f"{points_words(tier['points'])} for {_often_words({**window, **tier})}"
            for tier in rule["tiers"]
        )
        days = f"days with at least {rule['in_one_day']}, " if rule.get("in_one_day") else ""
        parts = [f"{_signal(signal)}: {days}{worth}"]
    else:
        parts = [_each_words(signal, rule), *_limit_words(rule)]
    if rule.get("per_day") and not signal.get("distinct"):  # a key counts once, whatever the day
        parts.insert(1, f"at most {rule['per_day']} a day")
    if rule.get("half_life_days"):
        parts.append(f"half of it gone after {days_words(rule['half_life_days'])}")
    if rule.get("floor"):
        parts.append(f"but never less than {points_words(rule['floor'])} each")
    return ", ".join(parts)


def _each_words(signal: _Written, rule: _Written) -> str:
    """Return what one occurrence is worth: an event, a day of several, or what a number adds."""
    points = rule["points"]
    if least := rule.get("in_one_day"):
        return f"{_signal(signal)}: {points_words(points)} for each day with at least {least}"
    if not (name := rule.get("sum") or rule.get("max")):
        return f"{points_words(points)} for each {_signal(signal)}"
    per = 1
    while 0 < abs(points * per) < 1:  # "1 point for each 100" rather than 0.01 for each 1
        per *= 10
    worth = points_words(points * per)
    of = "the" if rule.get("sum") else "the day's largest"
    return f"{worth} for each {number_words(per)} of {of} {plain_words(name)} of {_signal(signal)}"


def _often_words(tier: _Written) -> str:
    """Return how often, and within which time, a tier asks for its signal."""
    if days := tier.get("days"):
        often = f"one on each of {days_words(days)}"
    elif different := tier.get("different"):
        often = f"{different} different ones"
    else:
        often = f"{tier.get('times') or 'one'}"
    return often + _within_words(tier)


def _within_words(rule: _Written) -> str:
    within = rule.get("within_days")
    return "" if within is None else f" within {days_words(within)}"


def _limit_words(rule: _Written) -> Iterator[str]:
    if shares := rule.get("shares"):
        *first, last = [f"{share:.0%}" for share in shares]
        yield f"the newest first in shares of {', '.join([*first, f'then {last}'])}"
    if rule.get("within_days") is not None:
        yield f"for {days_words(rule['within_days'])}"
    if rule.get("max_points"):
        most = rule["max_points"] if rule["points"] > 0 else -rule["max_points"]
        yield f"{points_words(most)} at most"


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
    return " and ".join(_WHERE_WORDS[key](number) for key, number in test.items())


_WHERE_WORDS: Mapping[str, Callable[[Any], str]] = {
    "between": lambda ends: f"between {number_words(ends[0])} and {number_words(ends[1])}",
    "at_least": lambda number: f"of at least {number_words(number)}",
    "below": lambda number: f"below {number_words(number)}",
}


def plain_words(key: str) -> str:
    """Return a key as words."""
    return key.replace("-", " ").replace("_", " ")


def number_words(number: float) -> str:
    """Return a number as people write it, for example 50,000 or 2.5."""
    return f"{number:,.15g}"


def points_words(points: float) -> str:
    """Return a number of points."""
    return f"{number_words(points)} {'point' if abs(points) == 1 else 'points'}"


def days_words(days: float) -> str:
    """Return a number of days."""
    return f"{number_words(days)} {'day' if days == 1 else 'days'}"


def _list(one: Any) -> list[Any]:
    """Return as a list what may be written as one thing or as a list of them."""
    return one if isinstance(one, list) else [one]


def or_words(values: Iterable[Any]) -> str:
    """Return values with "or" before the last one."""
    *rest, last = dict.fromkeys(map(_value, _without_spellings(list(values)))) or ["nothing yet"]
    return f"{', '.join(rest)} or {last}" if rest else last


def _without_spellings(values: list[Any]) -> list[Any]:
    """Return values without the texts that say the same as a yes or no beside them."""
    answers = [value for value in values if isinstance(value, bool)]
    spelt = {text for answer in answers for text in SPELLINGS[answer]}
    return [value for value in values if not (isinstance(value, str) and value.casefold() in spelt)]


def _value(value: Any) -> str:
    """Return a value as people write it: a text as code, so that its `*` emphasizes nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{value}`" if isinstance(value, str) else number_words(value)
