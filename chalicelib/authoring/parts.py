"""What a part of a scoring model's document must not say, although its keys have the right shape.

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

from chalicelib.authoring.field_shape import ComparisonDocument
from chalicelib.authoring.shape import (
    ModelDocument,
    bands_of,
    field_rules_of,
    tests_of,
    ways_of,
)
from chalicelib.errors import FieldError
from chalicelib.scoring.field_rules import Operator
from chalicelib.scoring.matching import CAMPAIGN_KEYS
from chalicelib.scoring.words import phrase_of


def _one_of(*operators: str) -> str:
    *others, last = operators
    return f"{', '.join(others)} or {last}"


ONE_OPERATOR = _one_of(*(one for one in Operator if one is not Operator.ELSE))
ONE_COMPARISON = _one_of(*ComparisonDocument.model_fields)


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


def no_operator(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a rule or tier that compares with nothing."""
    for path, test in tests_of(document):
        if not test.operators:
            yield FieldError(path, f"has nothing to compare with; add {ONE_OPERATOR}")


def several_operators(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse two operators: it would not be clear whether one of them or both must match."""
    for path, test in tests_of(document):
        if len(given := test.operators) > 1:
            yield FieldError(path, f"has {' and '.join(given)}; keep one, or write them as tiers")


def else_before_the_end(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse `else` anywhere but in the last tier: it is what the tiers before it leave."""
    for path, rule in field_rules_of(document):
        if rule.else_:
            yield FieldError(
                f"{path}.else",
                "is what the tiers before it leave, and there are none; write tiers, the last one"
                " with else: true",
            )
        for number, tier in enumerate((rule.tiers or [])[:-1]):
            if tier.else_:
                yield FieldError(
                    f"{path}.tiers.{number}",
                    "is for everything else, so that no tier after it counts; move it to the end",
                )


def one_test_denied(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a `not` that denies nothing, or several things at once."""
    for path, test in tests_of(document):
        denied = test.not_
        if denied == []:
            yield FieldError(f"{path}.not", "lists nothing; add a value, or write present: true")
        if isinstance(denied, ComparisonDocument) and len(denied.operators) != 1:
            has = f"{' and '.join(denied.operators)}; keep one"
            words = has if denied.operators else f"nothing; add {ONE_COMPARISON}"
            yield FieldError(f"{path}.not", f"has {words}")


def words_of_marks(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a phrase of marks alone: no word is like it."""
    for path, test in tests_of(document):
        parts: list[tuple[str, ComparisonDocument]] = [(path, test)]
        if isinstance(test.not_, ComparisonDocument):
            parts.append((f"{path}.not", test.not_))
        for where, part in parts:
            for phrase in part.phrases:
                if not phrase_of(phrase):
                    yield FieldError(
                        f"{where}.words",
                        f"'{phrase}' has only marks; write matches: ['*{phrase}*']",
                    )


def operator_beside_tiers(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse an operator on a rule with tiers, which have operators of their own."""
    for path, rule in field_rules_of(document):
        if rule.tiers and (given := rule.operators):
            yield FieldError(
                f"{path}.{given[0]}", "cannot be combined with tiers; move it into a tier"
            )


def points_beside_tiers(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse points on a rule with tiers, which have points of their own."""
    for path, rule in field_rules_of(document):
        if rule.tiers and rule.points is not None:
            yield FieldError(
                f"{path}.points", "cannot be combined with tiers; give each tier its points"
            )


def no_points(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a rule that does nothing."""
    for path, rule in field_rules_of(document):
        if not rule.tiers and rule.points is None and not rule.disqualify:
            yield FieldError(path, "is worth nothing; add points, tiers or disqualify: true")


def between_backwards(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a range from the higher number to the lower."""
    for path, test in tests_of(document):
        if test.between and test.between[0] > test.between[1]:
            low, high = test.between
            yield FieldError(
                f"{path}.between",
                f"no number is between {low:.15g} and {high:.15g}; put the lower one first",
            )


def touch_without_field(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a rule on what a touch does not have: it would never match."""
    for path, rule in field_rules_of(document):
        if rule.touch and rule.field not in CAMPAIGN_KEYS:
            yield FieldError(
                f"{path}.field",
                f"a touch has source, medium and campaign, but no {rule.field}; use one of them,"
                " or remove touch",
            )


def channel_without_touch(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a rule on the channel that reads the profile, which does not know the channel."""
    for key, rule in document.rules.channel.items():
        if rule.touch is None:
            yield FieldError(
                f"rules.channel.{key}",
                "reads the profile, which has no channel; add touch: first or touch: last",
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
    no_operator,
    several_operators,
    else_before_the_end,
    one_test_denied,
    words_of_marks,
    operator_beside_tiers,
    points_beside_tiers,
    no_points,
    between_backwards,
    touch_without_field,
    channel_without_touch,
    limits_backwards,
    grades_out_of_order,
    bands_alike,
    kind_on_mql,
    nothing_asked,
    requested_without_signal,
    days_without_signal,
    more_days_than_there_are,
)
