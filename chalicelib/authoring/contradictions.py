"""Contradictions within a model, which are refused although the format allows them.

Each check has one message, which names the path, what is wrong, and the remedy.
"""

from collections.abc import Callable, Iterator

from chalicelib.authoring.bounds import least_behind, most_by_facts, most_by_limits, most_by_rules
from chalicelib.errors import FieldError
from chalicelib.scoring.milli import points_text
from chalicelib.scoring.model import INFERRED, Condition, Model


def contradictions(model: Model) -> list[FieldError]:
    """Return everything in which a model contradicts itself; empty for a sound one."""
    return [line for check in CONTRADICTION_CHECKS for line in check(model)]


def out_of_the_limits_reach(model: Model) -> Iterator[FieldError]:
    """Refuse a threshold above what the groups' limits allow."""
    most = most_by_limits(model)
    for path, way in _ways(model):
        for name, least in way.thresholds:
            if least > most[name]:
                yield FieldError(
                    f"{path}.{name}",
                    f"no lead can reach {points_text(least)}, because {name} is at most"
                    f" {points_text(most[name])}; lower the threshold or raise the limits in"
                    " groups",
                )


def out_of_the_rules_reach(model: Model) -> Iterator[FieldError]:
    """Refuse a threshold within the limits, but above what the rules can give."""
    most = most_by_rules(model)
    limits = most_by_limits(model)
    for path, way in _ways(model):
        for name, least in way.thresholds:
            if most[name] < least <= limits[name]:
                yield FieldError(
                    f"{path}.{name}",
                    f"no lead can reach {points_text(least)}, because the rules give {name} at most"
                    f" {points_text(most[name])}; lower the threshold, or add rules or points",
                )


def by_fit_alone(model: Model) -> Iterator[FieldError]:
    """Refuse a way in that requires nothing that a lead does (playbook, rule 6)."""
    for path, way in _ways(model):
        if _is_met_by_fit(model, way):
            yield FieldError(
                path,
                "fit and channel alone reach it, and nobody qualifies without doing anything;"
                " require engagement, intent or a signal, or a score above what fit and channel"
                " give",
            )


def cool_above_threshold(model: Model) -> Iterator[FieldError]:
    """Refuse a bound of cooling above what a way into MQL requires of the same value.

    A lead that came in that way would be cold at once.
    """
    cold = [(path, way) for path, way in _mql(model) if _is_open_to_the_cold(model, way)]
    for name, bound in model.cool_below.items():
        required = [
            (dict(way.thresholds)[name], path) for path, way in cold if _crosses(model, way, name)
        ]
        if required:
            least, path = min(required)
            yield FieldError(
                f"stages.mql.cool_below.{name}",
                f"{points_text(bound)} is above the {points_text(least)} that {path} requires, so a"
                f" lead could come in cold; lower it to {points_text(least)}, or raise the"
                " threshold",
            )


def in_although_cold(model: Model) -> Iterator[FieldError]:
    """Refuse a way into MQL that a lead can meet with every value below the bounds of cooling.

    The lead would become an MQL and cool in turns.
    """
    for path, way in _mql(model):
        is_crossed = any(_crosses(model, way, name) for name in model.cool_below)
        if not is_crossed and _is_open_to_the_cold(model, way):
            yield FieldError(path, f"{_met_by_the_cold(model)}; {_remedy(model)}")


def to_sales_although_cold(model: Model) -> Iterator[FieldError]:
    """Refuse an inferred way into SQL that a cooled lead can meet.

    A request is always let in (playbook, rule 1).
    """
    for number, way in enumerate(model.sql):
        if way.kind == INFERRED and _is_open_to_the_cold(model, way):
            yield FieldError(
                f"stages.sql.any.{number}",
                f"{_met_by_the_cold(model)}, and sales would get it; {_remedy(model)}",
            )


CONTRADICTION_CHECKS: tuple[Callable[[Model], Iterator[FieldError]], ...] = (
    out_of_the_limits_reach,
    out_of_the_rules_reach,
    by_fit_alone,
    cool_above_threshold,
    in_although_cold,
    to_sales_although_cold,
)


def _mql(model: Model) -> list[tuple[str, Condition]]:
    return [(f"stages.mql.any.{number}", way) for number, way in enumerate(model.mql)]


def _ways(model: Model) -> list[tuple[str, Condition]]:
    return [
        *_mql(model),
        *((f"stages.sql.any.{number}", way) for number, way in enumerate(model.sql)),
    ]


def _is_met_by_fit(model: Model, way: Condition) -> bool:
    reached = most_by_facts(model)
    return way.signal is None and all(least <= reached[name] for name, least in way.thresholds)


def _is_open_to_the_cold(model: Model, way: Condition) -> bool:
    """Return whether a lead that did something can meet the way with every value below cooling."""
    if not model.cool_below or _is_met_by_fit(model, way):
        return False
    least = least_behind(model, way)
    return all(least[name] < bound for name, bound in model.cool_below.items())


def _crosses(model: Model, way: Condition, name: str) -> bool:
    """Return whether the way requires less of a value than cooling does."""
    required = dict(way.thresholds).get(name)
    return required is not None and required < model.cool_below[name]


def _met_by_the_cold(model: Model) -> str:
    below = ", ".join(
        f"{name} below {points_text(bound)}" for name, bound in model.cool_below.items()
    )
    return f"a lead that has cooled ({below}) can meet it"


def _remedy(model: Model) -> str:
    name, bound = next(iter(model.cool_below.items()))
    return f"require {name} of at least {points_text(bound)}, or lower stages.mql.cool_below"
