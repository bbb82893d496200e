"""What a model must not say although its format allows it: a model that contradicts itself is refused.

Each contradiction has a message of its own that names the path, what is wrong, and the remedy.
"""

from collections.abc import Iterator, Mapping

from chalicelib.scoring.model import Condition, Model
from chalicelib.scoring.score import SCORE

BEHAVIOUR_FREE = frozenset({"fit", "channel"})  # groups that a lead fills without doing anything
MILLI = 1000


def contradictions(model: Model) -> list[str]:
    """Everything in which a model contradicts itself, as `path: message`; empty for a sound one."""
    entries = {"mql": model.mql, "sql": model.sql}
    ways = [(f"stages.{stage}.any.{n}", way) for stage, any_of in entries.items() for n, way in enumerate(any_of)]
    return [
        *(line for path, way in ways for line in _unreachable(model, path, way)),
        *(line for n, way in enumerate(model.mql) for line in _by_fit_alone(model, f"stages.mql.any.{n}", way)),
        *(line for n, way in enumerate(model.mql) for line in _already_cold(model, f"stages.mql.any.{n}", way)),
    ]


def _unreachable(model: Model, path: str, way: Condition) -> Iterator[str]:
    """A threshold above all that the groups' limits allow."""
    most = _bounds(model, highest=True)
    for name, least in way.thresholds:
        if least > most[name]:
            yield (
                f"{path}.{name}: no lead can reach {_points(least)}, because {name} is at most {_points(most[name])}; "
                "lower the threshold or raise the limits in groups"
            )


def _by_fit_alone(model: Model, path: str, way: Condition) -> Iterator[str]:
    """A way into MQL that asks for nothing that a lead does (playbook, rule 6)."""
    without_acts = {name: (high if name in BEHAVIOUR_FREE else 0) for name, (_, high) in model.groups.items()}
    reached = {**without_acts, SCORE: sum(without_acts.values())}
    reached |= {name: sum(without_acts[part] for part in parts) for name, parts in model.sums.items()}
    if way.signal is None and all(least <= reached[name] for name, least in way.thresholds):
        yield (
            f"{path}: fit and channel alone reach it, and nobody qualifies without doing anything; "
            "ask for engagement, intent or a signal, or for a score above the limits of fit and channel"
        )


def _already_cold(model: Model, path: str, way: Condition) -> Iterator[str]:
    """A way into MQL that a lead meets whose values are all below what cooling rests on: it would come and go."""
    least = {name: max(bound, dict(way.thresholds).get(name, bound)) for name, bound in _bounds(model).items()}
    for name, parts in model.sums.items():
        least[name] = max(least[name], sum(least[part] for part in parts))
    cold = [name for name, bound in model.cool_below.items() if least[name] < bound]
    if model.cool_below and len(cold) == len(model.cool_below):
        below = ", ".join(f"{name} below {_points(model.cool_below[name])}" for name in cold)
        yield (
            f"{path}: a lead that has cooled ({below}) can meet it; "
            f"ask for {cold[0]} of at least {_points(model.cool_below[cold[0]])}, or lower stages.mql.cool_below"
        )


def _bounds(model: Model, *, highest: bool = False) -> Mapping[str, int]:
    """The lowest, or highest, thousandths of each group, each sum and the score."""
    groups = {name: (high if highest else low) for name, (low, high) in model.groups.items()}
    sums = {name: sum(groups[part] for part in parts) for name, parts in model.sums.items()}
    return {**groups, **sums, SCORE: sum(groups.values())}


def _points(milli: int) -> str:
    return f"{milli / MILLI:g}"
