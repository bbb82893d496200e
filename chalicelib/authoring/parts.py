"""What a part of a scoring model's document must not say, although its keys have the right shape.

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

from chalicelib.authoring.example_shape import NO_BAND
from chalicelib.authoring.shape import (
    ModelDocument,
    bands_of,
    ways_of,
)
from chalicelib.errors import FieldError


def event_on_page(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an event name on a page view, which has none: nothing would match."""
    for key, signal in document.signals.items():
        if signal.on == "page" and signal.event is not None:
            yield FieldError(
                f"signals.{key}.event", "a page view has no event name; use where: {path: [...]}"
            )


def event_on_form(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an event name on a form, which is known by its id."""
    for key, signal in document.signals.items():
        if signal.on == "form" and signal.event is not None:
            yield FieldError(f"signals.{key}.event", "a form is known by its id; use form: [...]")


def form_elsewhere(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse form ids on any other kind of event."""
    for key, signal in document.signals.items():
        if signal.on != "form" and signal.form is not None:
            yield FieldError(
                f"signals.{key}.form",
                f"only a signal on form has forms; write on: form instead of {signal.on}",
            )


def limits_backwards(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a group whose least is above its most."""
    for key, limit in document.groups.items():
        if limit.min > limit.max:
            yield FieldError(
                f"groups.{key}",
                f"min {limit.min:g} is above max {limit.max:g}; swap or correct them",
            )


def grades_out_of_order(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a grade that needs as much fit as a better one."""
    grades = sorted(document.grades.items())
    for (better, most), (worse, least) in pairwise(grades):
        if least >= most:
            yield FieldError(
                f"grades.{worse}",
                f"needs {least:g}, but {better} is the better grade and needs {most:g}; lower"
                f" {worse} or raise {better}",
            )


def bands_alike(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse two bands of one score that begin at the same points."""
    for path, bands in bands_of(document):
        first: dict[float, str] = {}
        for name, least in bands.items():
            if least in first:
                yield FieldError(
                    f"{path}.{name}", f"begins at {least:g}, like {first[least]}; change one"
                )
            first.setdefault(least, name)


def band_called_none(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a band with the name that examples have for no band."""
    for path, bands in bands_of(document):
        if NO_BAND in bands:
            yield FieldError(
                f"{path}.{NO_BAND}", "is what a score below all bands is called; rename the band"
            )


def kind_on_mql(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a kind on a way into MQL: nobody asks to be an MQL."""
    for path, stage, way in ways_of(document):
        if stage == "mql" and way.kind:
            yield FieldError(
                f"{path}.kind", "only a way into sql is requested or inferred; remove it"
            )


def nothing_asked(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a way in that is open to everybody."""
    for path, _, way in ways_of(document):
        if way.signal is None and not way.thresholds:
            yield FieldError(
                path, "requires nothing, so every lead meets it; add a signal or a threshold"
            )


def requested_without_signal(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a request without a signal: a request is something that a person did."""
    for path, stage, way in ways_of(document):
        if stage == "sql" and way.kind == "requested" and way.signal is None:
            yield FieldError(
                f"{path}.kind",
                "is requested, but names no request; add its signal, or write kind: inferred",
            )


def days_without_signal(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse days without a signal: they are the days of one."""
    for path, _, way in ways_of(document):
        for key in ("days", "within_days"):
            if way.signal is None and key in way.model_fields_set:
                yield FieldError(
                    f"{path}.{key}",
                    f"counts the days of a signal, but none is named; add signal or remove {key}",
                )


def more_days_than_there_are(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse more days than there are: n + 1 different ones within n days, today included."""
    for path, _, way in ways_of(document):
        if way.signal and way.days > way.within_days + 1:
            yield FieldError(
                f"{path}.days",
                f"{way.days} different days do not fit within {way.within_days} days; "
                f"lower it to {way.within_days + 1}, or raise within_days",
            )


PART_CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    event_on_page,
    event_on_form,
    form_elsewhere,
    limits_backwards,
    grades_out_of_order,
    bands_alike,
    band_called_none,
    kind_on_mql,
    nothing_asked,
    requested_without_signal,
    days_without_signal,
    more_days_than_there_are,
)
