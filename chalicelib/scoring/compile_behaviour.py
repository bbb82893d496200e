"""Compiles signals and the rules on them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import Any

from chalicelib.events import Kind
from chalicelib.limits import HORIZON_DAYS
from chalicelib.scoring.behaviour_rules import (
    BehaviourRule,
    BehaviourTier,
    Measure,
    Weigh,
    weigh_plain,
    weigh_shares,
    weigh_tiers,
)
from chalicelib.scoring.matching import ACTS, OWN_KINDS, REQUESTS, Signal
from chalicelib.scoring.milli import MILLI, to_milli
from chalicelib.scoring.model import default_group
from chalicelib.scoring.numbers import Amount, Amounts, NumberRange
from chalicelib.scoring.silence_rules import ANY_SIGNAL, SilenceRule, silence_words

EQUAL_SHARES = (1.0,)
"""The shares of a rule that names none."""


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


def compile_requests(signals: Iterable[Signal]) -> Sequence[Signal]:
    """Return the signals of the series of requests. signals: those that a request matches."""
    return [replace(one, id=REQUESTS, distinct=None, amount=None) for one in signals]


def compile_amounts(
    rules: Mapping[str, Mapping[str, Any]], signals: Mapping[str, Signal]
) -> Sequence[Signal]:
    """Return the signals of the series of numbers that rules ask for, each once."""
    asked = [(signals[rule.get("signal") or key], _amount(rule)) for key, rule in rules.items()]
    found = {
        amount.series(signal.id): replace(
            signal, id=amount.series(signal.id), distinct=None, amount=amount
        )
        for signal, amount in asked
        if amount is not None
    }
    return list(found.values())


def compile_behaviour_rule(
    key: str, rule: Mapping[str, Any], signals: Mapping[str, Signal]
) -> BehaviourRule:
    """Return the rule of this name as it is written."""
    signal = signals[rule.get("signal") or key]
    amount = _amount(rule)
    # Of an amount the cells are thousandths.
    unit = MILLI if amount is None else 1
    shares = tuple(rule.get("shares") or EQUAL_SHARES)
    tiers = _tiers(rule)
    points = tiers[0].points if tiers else rule["points"] * unit
    floor = (rule.get("floor") or 0) * MILLI
    within_days = rule.get("within_days")
    windows = [within_days, *(tier.within_days for tier in tiers)]
    return BehaviourRule(
        id=key,
        group=rule.get("group") or default_group("actions", on_signal=True),
        signal=signal,
        series=signal.id if amount is None else amount.series(signal.id),
        amount=amount,
        points=points,
        half_life_days=rule.get("half_life_days"),
        per_day=rule.get("per_day"),
        most=_most(rule, abs(points), shares),
        within_days=within_days,
        in_one_day=rule.get("in_one_day"),
        shares=shares,
        tiers=tiers,
        is_even=not floor and windows == [None] * len(windows),
        decay=_decay(rule.get("half_life_days"), _part(floor, points), within_days),
        weigh=_weigh(rule),
    )


def compile_silence(
    key: str, rule: Mapping[str, Any], signals: Mapping[str, Signal]
) -> SilenceRule:
    """Return the rule on silence of this name as it is written."""
    silence = rule["silence"]
    named = silence.get("signals", ANY_SIGNAL)
    return SilenceRule(
        id=key,
        group=rule.get("group") or default_group("undesirables", on_signal=True),
        days=silence["days"],
        points=to_milli(silence["points"]),
        series=(ACTS,) if named == ANY_SIGNAL else tuple(signals[one].id for one in named),
        words=silence_words(named),
    )


def _amount(rule: Mapping[str, Any]) -> Amount | None:
    """Return the numbers that a rule asks for, or None."""
    return next((Amount(of, rule[of]) for of in Amounts if rule.get(of)), None)


def _tiers(rule: Mapping[str, Any]) -> tuple[BehaviourTier, ...]:
    """Return a rule's tiers, the one worth most first, whatever their order in the document."""
    within_days, half_life_days = rule.get("within_days"), rule.get("half_life_days")
    floor = rule.get("floor") or 0
    tiers = [
        BehaviourTier(
            points=tier["points"] * MILLI,
            measure=measure,
            least=tier.get(measure) or 1,
            within_days=within_days if tier.get("within_days") is None else tier["within_days"],
            decay=_decay(half_life_days, _part(floor, tier["points"]), None),
        )
        for tier in rule.get("tiers") or ()
        for measure in [next((one for one in Measure if tier.get(one)), Measure.TIMES)]
    ]
    return tuple(sorted(tiers, key=lambda tier: -abs(tier.points)))


def _most(rule: Mapping[str, Any], points: float, shares: Sequence[float]) -> float:
    """Return the most thousandths that a rule can give or take."""
    if rule.get("tiers"):
        return points
    ends = inf if shares[-1] else points * sum(shares)
    return min(ends, to_milli(rule["max_points"])) if rule.get("max_points") else ends


def _weigh(rule: Mapping[str, Any]) -> Weigh:
    if rule.get("tiers"):
        return weigh_tiers
    if rule.get("shares") or rule.get("in_one_day"):
        return weigh_shares
    return weigh_plain


def _part(floor: float, points: float) -> float:
    return floor / abs(points) if floor else 0.0


@lru_cache(maxsize=64)
def _decay(half_life_days: float | None, least: float, within_days: int | None) -> Sequence[float]:
    """Return what is left of a point after 0, 1, 2, ... days.

    A table, because every score needs the same few hundred powers; and so a floor and a window cost
    nothing when a score is read.
    """
    last = HORIZON_DAYS if within_days is None else within_days
    return tuple(
        (1.0 if half_life_days is None else max(2.0 ** (-days / half_life_days), least))
        if days <= last
        else 0.0
        for days in range(HORIZON_DAYS)
    )
