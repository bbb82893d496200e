"""What signals must not ask of the numbers of their events, and rules of silence (ADR 0048).

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterator

from chalicelib.authoring.behaviour_shape import EventNumberDocument
from chalicelib.authoring.rule_words import number_words
from chalicelib.authoring.shape import ModelDocument, behaviour_rules_of, silence_rules_of
from chalicelib.errors import FieldError
from chalicelib.scoring.silence_rules import ANY_SIGNAL

BESIDE_AMOUNTS = ("tiers", "in_one_day", "shares", "per_day", "floor")
"""The keys of a rule that are about occurrences."""


def number_of_nothing(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a number of an event that is compared with nothing."""
    for path, test in _numbers_of(document):
        if not test.model_fields_set:
            yield FieldError(path, "has nothing to compare with; add between, at_least or below")


def number_out_of_range(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse bounds that no number lies between."""
    for path, test in _numbers_of(document):
        if test.between and not (test.at_least is None and test.below is None):
            yield FieldError(path, "has between and another bound; keep one of them")
            continue
        low, high = test.between or (test.at_least, test.below)
        if low is not None and high is not None and (low > high or low == test.below):
            ends = f"{number_words(low)} to {number_words(high)}"
            yield FieldError(path, f"no number is from {ends}; correct one of them")


def path_as_number(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a page's path that is compared with numbers."""
    for key, signal in document.signals.items():
        if signal.on == "page" and isinstance(signal.where.get("path"), EventNumberDocument):
            yield FieldError(
                f"signals.{key}.where.path",
                'a path is not a number; write a list of patterns, for example ["/pricing*"]',
            )


def silence_of_unknown_signal(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a silence that a signal ends that does not exist."""
    for path, silence in silence_rules_of(document):
        for key in dict.fromkeys(silence.named):
            if key not in document.signals:
                yield FieldError(
                    f"{path}.silence.signals",
                    f"there is no signal '{key}'; "
                    + (
                        "for any act, write signals: any"
                        if key == ANY_SIGNAL
                        else "add it to signals, or correct the name"
                    ),
                )


def sum_and_max(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a sum and a largest value in one rule: they are two."""
    for path, _, rule in behaviour_rules_of(document):
        if rule.sum is not None and rule.max is not None:
            yield FieldError(path, "has sum and max; keep one, or write two rules")


def amount_beside_counts(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a rule that counts both numbers and occurrences."""
    for path, _, rule in behaviour_rules_of(document):
        for key in BESIDE_AMOUNTS if rule.amount else ():
            if getattr(rule, key) is not None:
                yield FieldError(
                    f"{path}.{key}",
                    f"counts occurrences, and {rule.amount} counts numbers; remove it, or write two"
                    " rules",
                )


def amount_of_distinct(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse the numbers of a signal whose events count once for each value of a property."""
    for path, signal, rule in behaviour_rules_of(document):
        distinct = document.signals[signal].distinct if signal in document.signals else None
        if rule.amount and distinct:
            yield FieldError(
                f"{path}.{rule.amount}",
                f"counts every event, and {signal} counts each {distinct} once; use a signal"
                " without distinct",
            )


SIGNAL_CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    number_of_nothing,
    number_out_of_range,
    path_as_number,
    silence_of_unknown_signal,
    sum_and_max,
    amount_beside_counts,
    amount_of_distinct,
)


def _numbers_of(document: ModelDocument) -> Iterator[tuple[str, EventNumberDocument]]:
    """Yield each number of an event that a signal asks for, with its path."""
    for key, signal in document.signals.items():
        for name, test in signal.where.items():
            if isinstance(test, EventNumberDocument):
                yield f"signals.{key}.where.{name}", test
