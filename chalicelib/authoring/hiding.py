"""Whether one tier of a rule hides another, which then never counts."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from chalicelib.authoring.field_shape import ComparisonDocument, TestDocument
from chalicelib.scoring.field_rules import Operator, comparable
from chalicelib.scoring.pattern import matches_any
from chalicelib.scoring.words import Phrase, phrase_of

COMPARED_MAX = 400  # pairs of patterns of two tiers: longer lists are not compared


def hides(first: TestDocument, second: TestDocument) -> bool:
    """Return whether the first tier's test matches every value that the second one matches.

    False when there is no simple way to tell.
    """
    (operator,) = first.operators
    return _HIDING[operator](first, second)


def _hides_numbers(first: TestDocument, second: TestDocument) -> bool:
    """Return whether every number that the second test matches passes the first one."""
    narrow = _numbers(second)
    wide = _numbers(first)
    if narrow is None or wide is None:
        return False
    # A range includes its upper end, and what is below a number does not.
    return wide[0] <= narrow[0] and narrow[1] <= wide[1]


def _numbers(test: TestDocument) -> tuple[float, tuple[float, bool]] | None:
    """Return the least of the numbers that a test matches, and their end: whether it is included.

    None for a test of anything else.
    """
    if test.between:
        return test.between[0], (test.between[1], True)
    if test.at_least is not None:
        return test.at_least, (inf, True)
    return None if test.below is None else (-inf, (test.below, False))


def _hides_days(first: TestDocument, second: TestDocument) -> bool:
    return any(
        wide is not None and narrow is not None and narrow <= wide
        for wide, narrow in (
            (first.next_days, second.next_days),
            (first.last_days, second.last_days),
        )
    )


def _hides_words(first: TestDocument, second: TestDocument) -> bool:
    return bool(words := _phrases(second)) and words <= _phrases(first)


def _phrases(test: TestDocument) -> set[Phrase]:
    return set(map(phrase_of, test.phrases))


def _hides_values(first: TestDocument, second: TestDocument) -> bool:
    texts = set(equal_to(second))
    return bool(texts) and texts <= set(equal_to(first))


def _hides_listed(first: TestDocument, second: TestDocument) -> bool:
    texts = set(_compared(second.contains))
    return bool(texts) and texts <= set(_compared(first.contains))


def _all_match(patterns: list[str], second: TestDocument) -> bool:
    """Return whether the patterns match everything that a test matches or equals.

    A pattern that matches another pattern's text, with its `*` taken as a character, matches all
    that the other one matches.
    """
    texts = second.matches if second.matches is not None else equal_to(second)
    is_comparable = 0 < len(texts) * len(patterns) <= COMPARED_MAX
    return is_comparable and all(matches_any(patterns, text) for text in texts)


def equal_to(test: ComparisonDocument) -> list[str]:
    """Return what the field may be equal to, as scoring compares it."""
    return _compared(test.equals)


def _compared(values: Any) -> list[str]:
    listed = values if isinstance(values, list) else [] if values is None else [values]
    return [comparable(value) for value in listed]


_HIDING: Mapping[Operator, Callable[[TestDocument, TestDocument], bool]] = {
    Operator.EQUALS: _hides_values,
    Operator.MATCHES: lambda first, second: _all_match(first.matches or [], second),
    Operator.WORDS: _hides_words,
    Operator.CONTAINS: _hides_listed,
    Operator.IN_LIST: lambda first, second: first.in_list == second.in_list,
    Operator.BETWEEN: _hides_numbers,
    Operator.AT_LEAST: _hides_numbers,
    Operator.BELOW: _hides_numbers,
    Operator.NEXT_DAYS: _hides_days,
    Operator.LAST_DAYS: _hides_days,
    Operator.NOT: lambda first, second: second.not_ is not None and first.not_ == second.not_,
    Operator.PRESENT: lambda _, second: second.absent is None and second.else_ is None,
    Operator.ABSENT: lambda _, second: second.absent is not None,
    Operator.ELSE: lambda _first, _second: True,
}
"""Whether a test with each operator hides another one."""
