"""The three general rule engines that matching is compared with, each prepared in its best way.

Both get what an event says as one flat dict, with case already folded, prepared before the clock
starts. Baton reads the event itself, and folds case while the clock runs. Both test the kind first,
so that a rule on forms costs a page view one comparison. For the first two, the patterns that a
rule has for a property are one regular expression, compiled in advance:

- json-logic-qubit keeps rules as data and has no wildcards. It accepts new operations, so it gets
  one that looks up the compiled expression and matches it: one call for each property, however many
  patterns there are.
- rule-engine parses its rules in advance and compiles their expressions itself. Its context makes
  absent values null.
- zen-engine (Rust) gets all rules as one array, compiled in advance, so that an event crosses from
  Python once. It compiles regular expressions whenever it evaluates them, so it gets what is
  faster: `startsWith`, `endsWith` and `contains`, and an expression only where stars need one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import compress
from typing import Any, cast

import json_logic  # type: ignore[import-untyped]
import rule_engine  # type: ignore[import-untyped]
import zen

from chalicelib.events import Event
from chalicelib.scoring.matching import Signal, value_of

Counts = dict[str, dict[int, int]]
Facts = tuple[int, Mapping[str, str]]  # the day of an event, and its values by name
Count = Callable[[Iterable[Facts]], Counts]
Prepare = Callable[[Iterable[Signal]], Count]
Rules = list[tuple[str, Callable[[Any], Any]]]
KIND = "on"
NAME = "name"
MATCHES = "matches"  # the operation that is added to json-logic-qubit


def facts_of(event: Event, signals: Iterable[Signal]) -> Facts:
    """Return the day of an event and its value for every property that the signals read.

    Case is folded.
    """
    wanted = {name for signal in signals for name, _ in signal.where}
    values = {name: value for name in wanted if (value := value_of(event, name)) is not None}
    known = {KIND: event.kind.value, NAME: event.name, **values}
    return event.at.toordinal(), {name: str(value).casefold() for name, value in known.items()}


def _json_logic_qubit(signals: Iterable[Signal]) -> Count:
    """Return a function that counts events by signal and day, with rules of json-logic-qubit."""
    compiled: dict[str, re.Pattern[str]] = {}

    def matches(value: str | None, expression: str) -> bool:
        return value is not None and compiled[expression].fullmatch(value) is not None

    json_logic.add_operation(MATCHES, matches)
    rules: Rules = []
    for signal in signals:
        parts: list[Any] = [{"==": [{"var": KIND}, signal.kind.value]}]
        for name, expression in _expressions(signal):
            compiled[expression] = re.compile(expression)
            parts.append({MATCHES: [{"var": name}, expression]})
        rules.append((signal.id, partial(json_logic.jsonLogic, {"and": parts})))
    return _counting(rules)


def _rule_engine(signals: Iterable[Signal]) -> Count:
    """Return a function that counts events by signal and day, with rules of rule-engine."""
    context = rule_engine.Context(default_value=None)
    rules: Rules = []
    for signal in signals:
        parts = [f'{KIND} == "{signal.kind.value}"']
        parts += [
            f'{name} =~ "{_escaped(expression)}"' for name, expression in _expressions(signal)
        ]
        rules.append((signal.id, rule_engine.Rule(" and ".join(parts), context=context).matches))
    return _counting(rules)


def _zen_engine(signals: Iterable[Signal]) -> Count:
    """Return a function that counts events by signal and day, with one array of zen-engine."""
    every = list(signals)
    evaluate = zen.compile_expression(f"[{', '.join(map(_zen_rule, every))}]").evaluate
    ids = [signal.id for signal in every]

    def count(events: Iterable[Facts]) -> Counts:
        counts: Counts = {}
        for day, facts in events:
            for one_id in compress(ids, evaluate(cast("dict[str, str]", facts))):
                days = counts.setdefault(one_id, {})
                days[day] = days.get(day, 0) + 1
        return counts

    return count


def _zen_rule(signal: Signal) -> str:
    parts = [f'{KIND} == "{signal.kind.value}"']
    for name, patterns in [*([(NAME, signal.names)] if signal.names else []), *signal.where]:
        ways = [_zen_test(name, pattern.casefold()) for pattern in patterns]
        parts.append(f"{name} != null and ({' or '.join(ways)})")
    return " and ".join(parts)


def _zen_test(name: str, pattern: str) -> str:
    match pattern.split("*"):
        case [text]:
            return f'{name} == "{text}"'
        case [text, ""]:
            return f'startsWith({name}, "{text}")'
        case ["", text]:
            return f'endsWith({name}, "{text}")'
        case ["", text, ""]:
            return f'contains({name}, "{text}")'
        case _:
            return f'matches({name}, "(?s)^{_expression([pattern])[:-2]}$")'


def _counting(rules: Rules) -> Count:
    def count(events: Iterable[Facts]) -> Counts:
        counts: Counts = {}
        for day, facts in events:
            for one_id, is_match in rules:
                if is_match(facts):
                    days = counts.setdefault(one_id, {})
                    days[day] = days.get(day, 0) + 1
        return counts

    return count


def _expressions(signal: Signal) -> list[tuple[str, str]]:
    """Return the properties that a signal reads, each with an expression for its whole value."""
    names = [(NAME, signal.names)] if signal.names else []
    return [(name, _expression(patterns)) for name, patterns in (*names, *signal.where)]


def _expression(patterns: Iterable[str]) -> str:
    each = (".*".join(map(re.escape, pattern.casefold().split("*"))) for pattern in patterns)
    return f"(?s:{'|'.join(each)})\\Z"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


RIVALS: Mapping[str, Prepare] = {
    "json-logic-qubit": _json_logic_qubit,
    "rule-engine": _rule_engine,
    "zen-engine": _zen_engine,
}
