"""What a model's examples must not say: invalid events, and names that the model does not have.

Each check has one message, which names the path and the remedy. Whether the model says what an
example expects is not checked here.
"""

from collections.abc import Callable, Iterator

from chalicelib.authoring.example_shape import (
    EXAMPLE_KINDS,
    NO_BAND,
    DayDocument,
    ExampleDocument,
    ExampleEventDocument,
)
from chalicelib.authoring.shape import ModelDocument, behaviour_rules_of, facts_of
from chalicelib.errors import FieldError
from chalicelib.events import Kind
from chalicelib.scoring.profile import DERIVED_FIELDS, NAMED_FIELDS


def example_date_without_day(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a date that is on no day, or on two."""
    for path, example in _examples(document):
        for key, said in example.given.profile.items():
            if isinstance(said, DayDocument) and (said.in_days is None) == (said.days_ago is None):
                yield FieldError(
                    f"{path}.given.profile.{key}",
                    "needs one of in_days and days_ago, for example {in_days: 60}",
                )


def example_event_without_kind(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an event that does not say what happened."""
    for path, event in _events(document):
        if not event.kinds:
            has = f", not {' or '.join(event.extra)}" if event.extra else ""
            yield FieldError(path, f"needs one of {', '.join(EXAMPLE_KINDS)}{has}")


def example_event_of_two_kinds(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse one event for two things that happened."""
    for path, event in _events(document):
        if len(event.kinds) > 1:
            yield FieldError(path, f"is {' and '.join(event.kinds)}; split it into two events")


def example_event_without_day(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an event that does not say when it happened."""
    for path, event in _events(document):
        if event.days_ago is None and event.in_days is None:
            yield FieldError(
                path, "has no day; add days_ago, or in_days for what happens after today"
            )


def example_event_on_two_days(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an event both before today and after it."""
    for path, event in _events(document):
        if event.days_ago is not None and event.in_days is not None:
            yield FieldError(
                path, "has days_ago and in_days; keep one, or split it into two events"
            )


def example_event_after_the_last_look(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an event after the last day that is looked at: it tests nothing."""
    for path, example in _examples(document):
        last = max((look.in_days for look in example.expect.later), default=0)
        for number, event in enumerate(example.given.events):
            if (event.in_days or 0) > last:
                yield FieldError(
                    f"{path}.given.events.{number}.in_days",
                    f"nothing is expected on day {event.in_days} or later; add it to expect.later,"
                    " or remove the event",
                )


def example_day_twice(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse two stages on one day."""
    for path, example in _examples(document):
        days = [look.in_days for look in example.expect.later]
        for day in sorted({day for day in days if days.count(day) > 1}):
            yield FieldError(
                f"{path}.expect.later", f"lists day {day} {days.count(day)} times; keep one"
            )


def example_kind_without_sql(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a kind where the stage is before SQL: only an SQL is requested or inferred."""
    for path, example in _examples(document):
        if example.expect.kind and example.expect.stage in ("lead", "mql"):
            yield FieldError(
                f"{path}.expect.kind",
                f"only an SQL is requested or inferred, and the stage is {example.expect.stage};"
                " remove it",
            )


def example_twice(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse two examples of one name: one that fails is reported by its name."""
    seen: set[str] = set()
    for path, example in _examples(document):
        if example.name in seen:
            yield FieldError(f"{path}.name", "another example has the same name; rename one")
        seen.add(example.name)


def example_of_unknown_field(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a field that no form has and no rule reads."""
    read = {rule.field for _, rule in facts_of(document) if rule.field and not rule.touch}
    known = (read | NAMED_FIELDS) - DERIVED_FIELDS
    for path, example in _examples(document):
        for key in example.given.profile:
            if key not in known:
                yield FieldError(
                    f"{path}.given.profile.{key}",
                    f"no such field, and no rule reads it; use one of {', '.join(sorted(known))}",
                )


def example_with_unknown_property(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a property that no signal on the event's kind reads."""
    read = {kind: _read_of(document, kind) for kind in EXAMPLE_KINDS}
    for path, event in _events(document):
        for kind in event.kinds[:1]:
            for key in sorted(event.extra.keys() - read[kind]):
                yield FieldError(
                    f"{path}.{key}",
                    f"no such key, and no signal on {kind} reads it; correct it or remove it",
                )


def example_of_unknown_group(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a group, sum or named score that the model does not have."""
    known = [*document.groups, *document.sums, *document.scores]
    for path, example in _examples(document):
        for key in example.expect.groups:
            if key not in known:
                yield FieldError(
                    f"{path}.expect.groups.{key}",
                    f"no such group, sum or score; use one of {', '.join(known)}",
                )


def example_points_in_unknown_group(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse points by hand in a group that the model does not have."""
    for path, example in _examples(document):
        for number, one in enumerate(example.given.points):
            if one.group is not None and one.group not in document.groups:
                yield FieldError(
                    f"{path}.given.points.{number}.group",
                    f"no such group; use one of {', '.join(document.groups)}",
                )


def example_of_unknown_score(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a named score that the model does not have."""
    known = ", ".join(document.scores) or "none"
    for path, example in _examples(document):
        for key in example.expect.scores:
            if key not in document.scores:
                yield FieldError(
                    f"{path}.expect.scores.{key}", f"no such named score; the model has {known}"
                )


def example_of_unknown_band(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a band that the score does not have. `none` is the band of a score below all."""
    for path, example in _examples(document):
        named = example.expect.scores.items()
        expected = [(f"{path}.expect.band", example.expect.band, document.bands)]
        expected += [
            (f"{path}.expect.scores.{key}.band", one.band, document.scores[key].bands)
            for key, one in named
            if key in document.scores
        ]
        for where, band, bands in expected:
            if band is not None and band not in (*bands, NO_BAND):
                known = ", ".join((*bands, NO_BAND))
                yield FieldError(where, f"no such band; use one of {known}")


EXAMPLE_CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    example_date_without_day,
    example_event_without_kind,
    example_event_of_two_kinds,
    example_event_without_day,
    example_event_on_two_days,
    example_event_after_the_last_look,
    example_day_twice,
    example_kind_without_sql,
    example_twice,
    example_of_unknown_field,
    example_with_unknown_property,
    example_of_unknown_group,
    example_points_in_unknown_group,
    example_of_unknown_score,
    example_of_unknown_band,
)


def _examples(document: ModelDocument) -> Iterator[tuple[str, ExampleDocument]]:
    return ((f"examples.{index}", example) for index, example in enumerate(document.examples))


def _events(document: ModelDocument) -> Iterator[tuple[str, ExampleEventDocument]]:
    for path, example in _examples(document):
        for number, event in enumerate(example.given.events):
            yield f"{path}.given.events.{number}", event


def _read_of(document: ModelDocument, kind: Kind) -> set[str]:
    """Return the properties that the signals on a kind of event read.

    A page's path is not among them: it is the `page` itself.
    """
    signals = [signal for signal in document.signals.values() if signal.on == kind]
    read = {name for signal in signals for name in (*signal.where, signal.distinct) if name}
    read |= {
        name
        for _, signal, rule in behaviour_rules_of(document)
        for name in (rule.sum, rule.max)
        if name and signal in document.signals and document.signals[signal].on == kind
    }
    return read - {"path"} if kind is Kind.PAGE else read
