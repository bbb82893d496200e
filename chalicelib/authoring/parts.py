"""What a part of a scoring model's document must not say on its own, although each of its keys has
the right shape.

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

from chalicelib.authoring.shape import (
    ModelDocument,
    TestDocument,
    field_rules_of,
    tests_of,
    ways_of,
)
from chalicelib.errors import FieldError
from chalicelib.scoring.model import OPERATORS

TOUCHES = ("source", "medium", "campaign")
ONE_OPERATOR = ", ".join(OPERATORS[:-1]) + " or " + OPERATORS[-1]


def event_on_page(document: ModelDocument) -> Iterator[FieldError]:
    """A page view has no event name, so nothing would match."""
    for key, signal in document.signals.items():
        if signal.on == "page" and signal.event is not None:
            yield FieldError(
                f"signals.{key}.event", "a page view has no event name; use where: {path: [...]}"
            )


def event_on_form(document: ModelDocument) -> Iterator[FieldError]:
    """A form is known by its id."""
    for key, signal in document.signals.items():
        if signal.on == "form" and signal.event is not None:
            yield FieldError(f"signals.{key}.event", "a form is known by its id; use form: [...]")


def form_elsewhere(document: ModelDocument) -> Iterator[FieldError]:
    """Only the event of a form has a form's id."""
    for key, signal in document.signals.items():
        if signal.on != "form" and signal.form is not None:
            yield FieldError(
                f"signals.{key}.form",
                f"only a signal on form has forms; write on: form instead of {signal.on}",
            )


def no_operator(document: ModelDocument) -> Iterator[FieldError]:
    """A rule or tier that compares with nothing."""
    for path, test in tests_of(document):
        if not _operators(test):
            yield FieldError(path, f"says nothing to compare with; add {ONE_OPERATOR}")


def several_operators(document: ModelDocument) -> Iterator[FieldError]:
    """Of two operators it would not be clear whether one or both must hold."""
    for path, test in tests_of(document):
        if len(given := _operators(test)) > 1:
            yield FieldError(path, f"has {' and '.join(given)}; keep one, or make tiers of them")


def operator_beside_tiers(document: ModelDocument) -> Iterator[FieldError]:
    """The tiers have the operators."""
    for path, rule in field_rules_of(document):
        if rule.tiers and (given := _operators(rule)):
            yield FieldError(f"{path}.{given[0]}", "stands beside tiers; move it into a tier")


def points_beside_tiers(document: ModelDocument) -> Iterator[FieldError]:
    """The tiers have the points."""
    for path, rule in field_rules_of(document):
        if rule.tiers and rule.points is not None:
            yield FieldError(
                f"{path}.points", "stands beside tiers; the points belong to the tiers"
            )


def no_points(document: ModelDocument) -> Iterator[FieldError]:
    """A rule that does nothing."""
    for path, rule in field_rules_of(document):
        if not rule.tiers and rule.points is None and not rule.disqualify:
            yield FieldError(path, "is worth nothing; add points, tiers or disqualify: true")


def between_backwards(document: ModelDocument) -> Iterator[FieldError]:
    """No number is from the higher to the lower."""
    for path, test in tests_of(document):
        if test.between and test.between[0] > test.between[1]:
            low, high = test.between
            yield FieldError(
                f"{path}.between",
                f"no number is between {low:g} and {high:g}; the lower one comes first",
            )


def touch_without_field(document: ModelDocument) -> Iterator[FieldError]:
    """What a touch does not have would never match."""
    for path, rule in field_rules_of(document):
        if rule.touch and rule.field not in TOUCHES:
            yield FieldError(
                f"{path}.field",
                f"a touch has source, medium and campaign, no {rule.field}; use one, or remove"
                " touch",
            )


def channel_without_touch(document: ModelDocument) -> Iterator[FieldError]:
    """A channel is where somebody came from, and the profile does not know that."""
    for key, rule in document.rules.channel.items():
        if rule.touch is None:
            yield FieldError(
                f"rules.channel.{key}",
                "asks the profile, which has no channel; add touch: first or touch: last",
            )


def limits_backwards(document: ModelDocument) -> Iterator[FieldError]:
    """A group whose least is above its most."""
    for key, limit in document.groups.items():
        if limit.min > limit.max:
            yield FieldError(
                f"groups.{key}",
                f"min {limit.min:g} is above max {limit.max:g}; swap or correct them",
            )


def grades_out_of_order(document: ModelDocument) -> Iterator[FieldError]:
    """A better grade asks for more fit."""
    grades = sorted(document.grades.items())
    for (better, most), (worse, least) in pairwise(grades):
        if least >= most:
            yield FieldError(
                f"grades.{worse}",
                f"asks for {least:g}, and {better}, which is better, for {most:g}; lower {worse} or"
                f" raise {better}",
            )


def kind_on_mql(document: ModelDocument) -> Iterator[FieldError]:
    """Nobody asks to be an MQL."""
    for path, stage, way in ways_of(document):
        if stage == "mql" and way.kind:
            yield FieldError(
                f"{path}.kind", "only a way into sql is requested or inferred; remove it"
            )


def nothing_asked(document: ModelDocument) -> Iterator[FieldError]:
    """A way in that is open to everybody."""
    for path, _, way in ways_of(document):
        if way.signal is None and not way.thresholds:
            yield FieldError(
                path, "asks for nothing, so every lead meets it; add a signal or a threshold"
            )


def requested_without_signal(document: ModelDocument) -> Iterator[FieldError]:
    """A request is something that a person did."""
    for path, stage, way in ways_of(document):
        if stage == "sql" and way.kind == "requested" and way.signal is None:
            yield FieldError(
                f"{path}.kind",
                "nobody asked without a request; add its signal, or write kind: inferred",
            )


def days_without_signal(document: ModelDocument) -> Iterator[FieldError]:
    """Days are those of a signal."""
    for path, _, way in ways_of(document):
        for key in ("days", "within_days"):
            if way.signal is None and key in way.model_fields_set:
                yield FieldError(
                    f"{path}.{key}",
                    f"counts the days of a signal, and there is none; add signal or remove {key}",
                )


def more_days_than_there_are(document: ModelDocument) -> Iterator[FieldError]:
    """Within n days there are n + 1 different ones, today included."""
    for path, _, way in ways_of(document):
        if way.signal and way.days > way.within_days + 1:
            yield FieldError(
                f"{path}.days",
                f"{way.days} different days do not fit within {way.within_days} days; "
                f"lower it to {way.within_days + 1}, or raise within_days",
            )


CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    event_on_page,
    event_on_form,
    form_elsewhere,
    no_operator,
    several_operators,
    operator_beside_tiers,
    points_beside_tiers,
    no_points,
    between_backwards,
    touch_without_field,
    channel_without_touch,
    limits_backwards,
    grades_out_of_order,
    kind_on_mql,
    nothing_asked,
    requested_without_signal,
    days_without_signal,
    more_days_than_there_are,
)


def _operators(test: TestDocument) -> list[str]:
    return [name for name in OPERATORS if getattr(test, name) is not None]
