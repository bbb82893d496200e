"""What a rule on a signal must not say, although its keys have the right shape (ADR 0047).

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

from chalicelib.authoring.behaviour_shape import BehaviourRuleDocument, BehaviourTierDocument
from chalicelib.authoring.shape import ModelDocument, behaviour_rules_of
from chalicelib.errors import FieldError
from chalicelib.limits import HORIZON_DAYS

BESIDE_TIERS = {
    "points": "give each tier its points",
    "max_points": "a rule gives no more than its best tier; remove it",
    "shares": "a tier gives its points once; remove it",
}
"""The keys that tiers have no use for, and what to do instead."""


def gives_nothing(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a rule on a signal that does nothing."""
    for path, _, rule in behaviour_rules_of(document):
        if rule.points is None and not rule.tiers:
            yield FieldError(path, "is worth nothing; add points or tiers")


def beside_signal_tiers(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse what tiers say themselves, or have no use for."""
    for path, _, rule in behaviour_rules_of(document):
        for key, remedy in BESIDE_TIERS.items():
            if rule.tiers and getattr(rule, key) is not None:
                yield FieldError(f"{path}.{key}", f"cannot be combined with tiers; {remedy}")


def tier_of_nothing(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a tier that does not say how often, or within which time."""
    for path, _, rule, tier in _tiers_of(document):
        if not tier.measures and tier.within_days is None and rule.within_days is None:
            yield FieldError(
                path, "does not say how often; add times, days, different or within_days"
            )


def several_measures(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse two numbers in a tier: it would not be clear whether one of them or both must hold."""
    for path, _, _, tier in _tiers_of(document):
        if len(given := tier.measures) > 1:
            yield FieldError(path, f"has {' and '.join(given)}; keep one, or write two tiers")


def tiers_of_both_signs(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse points above and below 0: which tier is worth most would not be clear."""
    for path, _, rule in behaviour_rules_of(document):
        points = [tier.points for tier in rule.tiers or ()]
        if points and min(points) < 0 < max(points):
            yield FieldError(
                f"{path}.tiers", "give points and take points; write them as two rules"
            )


def different_of_nothing(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse different things of a signal that does not tell one from another."""
    for path, signal, _, tier in _tiers_of(document):
        if tier.different is not None and not _distinct(document, signal):
            yield FieldError(
                f"{path}.different",
                f"{signal} does not say of what; add distinct to the signal, or write times",
            )


def days_of_distinct(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse days of a distinct signal, which keeps only the latest day of each key."""
    for path, signal, rule in behaviour_rules_of(document):
        asked = [f"{path}.tiers.{n}.days" for n, tier in enumerate(rule.tiers or ()) if tier.days]
        if rule.in_one_day is not None:
            asked.append(f"{path}.in_one_day")
        for key in asked if _distinct(document, signal) else ():
            yield FieldError(
                key,
                f"{signal} keeps only the latest day of each {_distinct(document, signal)}; write"
                " different in a tier, or use a signal without distinct",
            )


def more_than_fits(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a tier that needs more than there can be: of a day only so many occurrences count."""
    for path, signal, rule, tier in _tiers_of(document):
        windows = [one for one in (tier.within_days, rule.within_days) if one is not None]
        days = min(windows) + 1 if windows else HORIZON_DAYS
        per_day = 1 if rule.in_one_day else rule.per_day
        most = days if tier.days else days * per_day if tier.times and per_day else None
        least = tier.days or tier.times or 0
        if most is not None and least > most and not _distinct(document, signal):
            yield FieldError(
                f"{path}.{tier.measures[0]}",
                f"at most {most:,} fit within {days - 1} days; lower it to that, or raise"
                " within_days",
            )


def floor_without_half_life(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a floor of what does not fade."""
    for path, _, rule in behaviour_rules_of(document):
        if rule.floor is not None and rule.half_life_days is None:
            yield FieldError(
                f"{path}.floor", "nothing fades without half_life_days; add it, or remove floor"
            )


def floor_too_high(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a floor that leaves nothing to fade."""
    for path, _, rule in behaviour_rules_of(document):
        points = [tier.points for tier in rule.tiers or ()] or [rule.points or 0]
        least = min(map(abs, points))
        if rule.floor is not None and rule.floor >= least > 0:
            yield FieldError(
                f"{path}.floor",
                f"an occurrence is worth {least:g}, so it would not fade at all; lower it",
            )


def shares_rise(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a share above the one before it: the newest occurrence must count most."""
    for path, _, rule in behaviour_rules_of(document):
        if any(later > newer for newer, later in pairwise(rule.shares or ())):
            yield FieldError(
                f"{path}.shares",
                "the first share is that of the newest occurrence, and none may be above the one"
                " before it; put the largest first",
            )


def per_day_of_days(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a limit per day where a whole day counts once."""
    for path, _, rule in behaviour_rules_of(document):
        if rule.in_one_day is not None and rule.per_day is not None:
            yield FieldError(
                f"{path}.per_day", "a day counts once already, because of in_one_day; remove it"
            )


BEHAVIOUR_CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    gives_nothing,
    beside_signal_tiers,
    tier_of_nothing,
    several_measures,
    tiers_of_both_signs,
    different_of_nothing,
    days_of_distinct,
    more_than_fits,
    floor_without_half_life,
    floor_too_high,
    shares_rise,
    per_day_of_days,
)


def _tiers_of(
    document: ModelDocument,
) -> Iterator[tuple[str, str, BehaviourRuleDocument, BehaviourTierDocument]]:
    """Yield the path of each tier, its signal, its rule and the tier."""
    for path, signal, rule in behaviour_rules_of(document):
        for number, tier in enumerate(rule.tiers or ()):
            yield f"{path}.tiers.{number}", signal, rule, tier


def _distinct(document: ModelDocument, signal: str) -> str | None:
    """Return the property whose values count once each; of an unknown signal none."""
    return document.signals[signal].distinct if signal in document.signals else None
