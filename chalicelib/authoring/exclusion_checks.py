"""What an exclusion must not say: it is about a field, several facts at once, or a signal.

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterator

from chalicelib.authoring.shape import ModelDocument
from chalicelib.errors import FieldError


def excluded_by_nothing(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an exclusion that does not say of whom."""
    for key, one in document.excluded.items():
        if not one.subjects:
            yield FieldError(
                f"excluded.{key}",
                "excludes nobody; add a field with what it must be, several facts under all, or a"
                " signal",
            )


def excluded_twice(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an exclusion of two kinds: it would not be clear whether both must hold."""
    for key, one in document.excluded.items():
        if len(one.subjects) > 1:
            yield FieldError(
                f"excluded.{key}",
                f"has {' and '.join(one.subjects)}; keep one, and write the other as another"
                " exclusion",
            )


def exclusion_with_a_stray_operator(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an operator without its field."""
    for key, one in document.excluded.items():
        if one.operators and one.subjects in (["all"], ["signal"]):
            yield FieldError(
                f"excluded.{key}.{one.operators[0]}",
                f"compares a field, but the exclusion is about {one.subjects[0]}; remove it",
            )


def excluded_by_unknown_signal(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an exclusion by a signal that does not exist: it would exclude nobody."""
    for key, one in document.excluded.items():
        if one.signal is not None and one.signal not in document.signals:
            yield FieldError(
                f"excluded.{key}.signal",
                f"there is no signal '{one.signal}'; add it to signals, or correct the name",
            )


def exclusion_days_without_signal(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse days without a signal: they are the days of one."""
    for key, one in document.excluded.items():
        if one.within_days is not None and one.signal is None:
            yield FieldError(
                f"excluded.{key}.within_days",
                "counts the days of a signal, but none is named; add signal or remove within_days",
            )


EXCLUSION_CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    excluded_by_nothing,
    excluded_twice,
    exclusion_with_a_stray_operator,
    excluded_by_unknown_signal,
    exclusion_days_without_signal,
)
