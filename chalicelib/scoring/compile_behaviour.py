"""Compiles signals and the rules on them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from chalicelib.events import CONFIRMED, Kind
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.behaviour_rules import BehaviourRule
from chalicelib.scoring.matching import ACTS, Signal
from chalicelib.scoring.milli import to_milli
from chalicelib.scoring.model import default_group
from chalicelib.scoring.numbers import NumberRange

OWN_KINDS: Mapping[Kind, tuple[str, ...] | None] = {
    Kind.PAGE: None,
    Kind.TRACK: None,
    Kind.FORM: None,
    Kind.MAIL: ("clicked", "replied", CONFIRMED),
}
"""What a person does: the kinds of event, each with its names; None for any name.

Whatever others do is left out: an email that arrives or bounces, an identify of the site's own
script, an import, sales (ADR 0048).
"""


def compile_signal(key: str, signal: Mapping[str, Any]) -> Signal:
    """Return the signal of this name as it is written."""
    where = signal.get("where", {})
    distinct = signal.get("distinct")
    events = signal.get("event") or []
    names = signal.get("form") or ([events] if isinstance(events, str) else events)
    visited = "visited the " if "path" in where and not distinct else ""
    return Signal(
        id=key,
        kind=Kind(signal["on"]),
        names=tuple(names) if names else None,
        where=tuple((name, tuple(one)) for name, one in where.items() if isinstance(one, list)),
        distinct=distinct,
        topic=signal.get("topic"),
        words=visited + key.replace("-", " "),
        numbers=tuple(
            (name, NumberRange.of(one)) for name, one in where.items() if isinstance(one, Mapping)
        ),
    )


def compile_acts() -> Sequence[Signal]:
    """Return the signals of the series of a person's acts, one for each kind of event."""
    return [
        Signal(id=ACTS, kind=kind, names=names, where=(), distinct=None, topic=None, words="act")
        for kind, names in OWN_KINDS.items()
    ]


def compile_behaviour_rule(
    key: str, rule: Mapping[str, Any], signals: Mapping[str, Signal]
) -> BehaviourRule:
    """Return the rule of this name as it is written."""
    most = rule.get("max_points")
    return BehaviourRule(
        id=key,
        group=rule.get("group") or default_group("actions", on_signal=True),
        signal=signals[rule.get("signal") or key],
        points=to_milli(rule["points"]),
        half_life_days=rule.get("half_life_days"),
        per_day=rule.get("per_day"),
        max_points=to_milli(most) if most is not None else None,
        decay=_decay(rule.get("half_life_days")),
    )


@lru_cache(maxsize=64)
def _decay(half_life_days: float | None) -> Sequence[float]:
    """Return what is left of a point after 0, 1, 2, ... days.

    A table, because every score needs the same few hundred powers.
    """
    return tuple(
        1.0 if half_life_days is None else 2.0 ** (-days / half_life_days)
        for days in range(HORIZON_DAYS)
    )
