"""Contradictions within a model, which are refused although the format allows them.

Each check has one message, which names the path, what is wrong, and the remedy.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chalicelib.authoring.bounds import (
    Values,
    least_behind,
    least_of_all,
    most_by_facts,
    most_by_limits,
    most_by_rules,
    most_without_acts,
)
from chalicelib.errors import FieldError
from chalicelib.scoring.facts_alone import is_met_by
from chalicelib.scoring.milli import points_text
from chalicelib.scoring.model import REQUESTED, Condition, Model


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
    """Refuse a way in that requires nothing that a lead does (playbook, rule 6).

    What a form asks besides the fields that Baton has a name for is an act: budget, authority, need
    and time may qualify (ADR 0049).
    """
    reached = most_without_acts(model)
    for path, way in _ways(model):
        if is_met_by(way, reached):
            yield FieldError(
                path,
                "fit and channel alone reach it, and nobody qualifies without doing anything;"
                f" require {' or '.join(_beyond_facts(model, way, reached))}",
            )


def cool_above_a_way(model: Model) -> Iterator[FieldError]:
    """Refuse a bound of cooling above what a way in guarantees.

    A lead that came in that way could be cold already (playbook, rule 5). One line for each bound,
    with the value that lets all ways pass.
    """
    lowered: dict[str, tuple[int, str]] = {}
    for one in _open_to_the_cold(model):
        if one.bound:
            found = (one.least[one.bound], one.path)
            lowered[one.bound] = min(found, lowered.get(one.bound, found))
    for name, (least, path) in lowered.items():
        bound = points_text(model.cool_below[name])
        yield FieldError(
            f"stages.mql.cool_below.{name}",
            f"{bound} is above the {points_text(least)} that {path} guarantees, so a lead could"
            f" come in cold; lower it to {points_text(least)}, or require {name}: {bound} there",
        )


def in_although_cold(model: Model) -> Iterator[FieldError]:
    """Refuse a way in that guarantees nothing that cooling rests on.

    Every value may be as low as any lead's, so no bound of cooling would be low enough.
    """
    for one in _open_to_the_cold(model):
        if not one.bound:
            name, bound = next(iter(model.cool_below.items()))
            yield FieldError(
                one.path,
                f"a lead that has cooled ({_cooled_words(model)}) can meet it; require {name} of at"
                f" least {points_text(bound)}",
            )


CONTRADICTION_CHECKS: tuple[Callable[[Model], Iterator[FieldError]], ...] = (
    out_of_the_limits_reach,
    out_of_the_rules_reach,
    by_fit_alone,
    cool_above_a_way,
    in_although_cold,
)


def _mql(model: Model) -> list[tuple[str, Condition]]:
    return [(f"stages.mql.any.{number}", way) for number, way in enumerate(model.mql)]


def _ways(model: Model) -> list[tuple[str, Condition]]:
    return [
        *_mql(model),
        *((f"stages.sql.any.{number}", way) for number, way in enumerate(model.sql)),
    ]


def _beyond_facts(model: Model, way: Condition, reached: Values) -> Iterator[str]:
    """Yield what could be required that facts do not give. reached: what they do give."""
    yield "a signal"
    yield from dict.fromkeys(rule.group for rule in model.behaviour_rules if rule.points > 0)
    most = most_by_limits(model)
    for name, _ in way.thresholds:
        if most[name] > reached[name]:
            yield f"{name} above {points_text(reached[name])}"


@dataclass(frozen=True, slots=True)
class _OpenToTheCold:
    """A way in that a lead can meet with every value below the bounds of cooling."""

    path: str
    least: Values
    """What the way guarantees."""
    bound: str | None
    """The bound that is best lowered for it; None when the way guarantees nothing at all."""


def _open_to_the_cold(model: Model) -> Iterator[_OpenToTheCold]:
    """Yield the ways that are open to cooled leads, except the requests and those by facts alone.

    A request is always let in (playbook, rule 1).
    """
    if not model.cool_below:
        return
    lowest = least_of_all(model)
    by_facts = most_by_facts(model)
    for path, way in _ways(model):
        if way.kind == REQUESTED or is_met_by(way, by_facts):
            continue
        least = least_behind(model, way)
        if any(least[name] >= bound for name, bound in model.cool_below.items()):
            continue
        raised = [name for name in model.cool_below if least[name] > lowest[name]]
        nearest = max(raised, key=lambda name: least[name] - model.cool_below[name], default=None)
        yield _OpenToTheCold(path, least, nearest)


def _cooled_words(model: Model) -> str:
    return ", ".join(
        f"{name} below {points_text(bound)}" for name, bound in model.cool_below.items()
    )
