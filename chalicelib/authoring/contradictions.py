"""What a model must not say although its format allows it: a model that contradicts itself is
refused.

Each check has one message, which names the path, what is wrong, and the remedy.
"""

from collections.abc import Callable, Iterator

from chalicelib.authoring.bounds import least_behind, most_by_facts, most_by_limits, most_by_rules
from chalicelib.errors import FieldError
from chalicelib.scoring.model import INFERRED, Condition, Model
from chalicelib.scoring.score import MILLI


def contradictions(model: Model) -> list[FieldError]:
    """Everything in which a model contradicts itself; empty for a sound one."""
    return [line for check in CHECKS for line in check(model)]


def out_of_the_limits_reach(model: Model) -> Iterator[FieldError]:
    """A threshold above all that the groups' limits allow."""
    most = most_by_limits(model)
    for path, way in _ways(model):
        for name, least in way.thresholds:
            if least > most[name]:
                yield FieldError(
                    f"{path}.{name}",
                    f"no lead can reach {_points(least)}, because {name} is at most"
                    f" {_points(most[name])}; lower the threshold or raise the limits in groups",
                )


def out_of_the_rules_reach(model: Model) -> Iterator[FieldError]:
    """A threshold within the limits, but above all that the rules can give."""
    most, limits = most_by_rules(model), most_by_limits(model)
    for path, way in _ways(model):
        for name, least in way.thresholds:
            if most[name] < least <= limits[name]:
                yield FieldError(
                    f"{path}.{name}",
                    f"no lead can reach {_points(least)}, because the rules give {name} at most"
                    f" {_points(most[name])}; lower the threshold, or add rules or points",
                )


def by_fit_alone(model: Model) -> Iterator[FieldError]:
    """A way in that asks for nothing that a lead does (playbook, rule 6)."""
    for path, way in _ways(model):
        if _is_met_by_fit(model, way):
            yield FieldError(
                path,
                "fit and channel alone reach it, and nobody qualifies without doing anything; ask"
                " for engagement, intent or a signal, or for a score above what fit and channel"
                " give",
            )


def cool_above_threshold(model: Model) -> Iterator[FieldError]:
    """A bound of cooling above what a way into MQL asks of the same value: who comes that way would
    be cold at once.
    """
    cold = [(path, way) for path, way in _mql(model) if _is_open_to_the_cold(model, way)]
    for name, bound in model.cool_below.items():
        asked = [
            (dict(way.thresholds)[name], path) for path, way in cold if _crosses(model, way, name)
        ]
        if asked:
            least, path = min(asked)
            yield FieldError(
                f"stages.mql.cool_below.{name}",
                f"{_points(bound)} is above the {_points(least)} that {path} asks for, so a lead"
                f" could come in cold; lower it to {_points(least)}, or raise the threshold",
            )


def in_although_cold(model: Model) -> Iterator[FieldError]:
    """A way into MQL that a lead meets whose values are all below what cooling rests on: it would
    come and go.
    """
    for path, way in _mql(model):
        if not any(
            _crosses(model, way, name) for name in model.cool_below
        ) and _is_open_to_the_cold(model, way):
            yield FieldError(path, f"{_met_by_the_cold(model)}; {_remedy(model)}")


def to_sales_although_cold(model: Model) -> Iterator[FieldError]:
    """An inferred way into SQL that a cooled lead meets. A request is always let in (playbook, rule
    1).
    """
    for number, way in enumerate(model.sql):
        if way.kind == INFERRED and _is_open_to_the_cold(model, way):
            yield FieldError(
                f"stages.sql.any.{number}",
                f"{_met_by_the_cold(model)}, and sales would get them; {_remedy(model)}",
            )


CHECKS: tuple[Callable[[Model], Iterator[FieldError]], ...] = (
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
    """Whether a lead who did something may meet the way with every value below what cooling rests
    on.
    """
    if not model.cool_below or _is_met_by_fit(model, way):
        return False
    least = least_behind(model, way)
    return all(least[name] < bound for name, bound in model.cool_below.items())


def _crosses(model: Model, way: Condition, name: str) -> bool:
    """Whether the way asks less of a value than cooling does."""
    asked = dict(way.thresholds).get(name)
    return asked is not None and asked < model.cool_below[name]


def _met_by_the_cold(model: Model) -> str:
    below = ", ".join(f"{name} below {_points(bound)}" for name, bound in model.cool_below.items())
    return f"a lead that has cooled ({below}) can meet it"


def _remedy(model: Model) -> str:
    name, bound = next(iter(model.cool_below.items()))
    return f"ask for {name} of at least {_points(bound)}, or lower stages.mql.cool_below"


def _points(milli: int) -> str:
    return f"{milli / MILLI:g}"
