"""Warnings: what a model may say, but probably does not mean. It is stored, and its author warned.

Each check has one message, which names the path and the remedy. Those about stages are in
stage_warnings.py.
"""

from collections.abc import Callable, Iterator
from math import inf

from chalicelib.authoring.behaviour_shape import BehaviourTierDocument, SilenceRuleDocument
from chalicelib.authoring.fact_warnings import FACT_WARNINGS
from chalicelib.authoring.field_shape import FieldRuleDocument
from chalicelib.authoring.hiding import equal_to, hides
from chalicelib.authoring.recorded import RECORDED_CHECKS
from chalicelib.authoring.rule_shape import RuleDocument
from chalicelib.authoring.shape import (
    ModelDocument,
    behaviour_rules_of,
    facts_of,
    field_rules_of,
    rules_of,
    silence_rules_of,
    ways_of,
)
from chalicelib.authoring.stage_warnings import STAGE_CHECKS
from chalicelib.errors import FieldError
from chalicelib.scoring.lists import WORD_LISTS
from chalicelib.scoring.model import FIT, Model, default_group
from chalicelib.scoring.pattern import ANY
from chalicelib.scoring.profile import DERIVED_FIELDS, NAMED_FIELDS

EMAIL_DOMAIN = "email_domain"
#: Each list is about one of these. A company's name may well say its industry.
FIELDS_OF_LISTS = (NAMED_FIELDS | DERIVED_FIELDS) - {"company"}

FIELD_OF_LIST = {
    "free_mail": "email_domain",
    "disposable": "email_domain",
    "role": "email_local",
    **{name: "job_title" for name in WORD_LISTS if name.endswith("_titles")},
    **{name: "industry" for name in WORD_LISTS if name.endswith("_industries")},
}
"""The field that each bundled list is about."""


def warnings(document: ModelDocument, model: Model) -> list[FieldError]:
    """Return all warnings about a checked document and the model that was compiled from it."""
    return [
        *(line for check in WARNING_CHECKS for line in check(document)),
        *(line for check in STAGE_CHECKS for line in check(model)),
    ]


def signal_unread(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a signal that nothing uses."""
    read = {signal for _, signal, _ in behaviour_rules_of(document)} | set(document.recycle.wakes)
    read |= {way.signal for _, _, way in ways_of(document) if way.signal}
    read |= {one.signal for one in document.excluded.values() if one.signal}
    read |= {key for _, silence in silence_rules_of(document) for key in silence.named}
    for key in document.signals:
        if key not in read:
            yield FieldError(
                f"signals.{key}", "no rule, way in or wake uses it; use it or remove it"
            )


def domain_with_at(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a domain with an @: a domain is what follows it."""
    domains = [("internal.email_domain", document.internal.email_domain)]
    for path, fact in facts_of(document):
        if fact.field == EMAIL_DOMAIN:
            domains += [(path, [*(one.matches or ()), *equal_to(one)]) for one in fact.comparisons]
    for path, texts in domains:
        for text in texts:
            if "@" in text:
                yield FieldError(
                    path,
                    f"'{text}' matches nobody, because a domain has no @; write"
                    f" {text.rpartition('@')[2] or '*'}",
                )


def everybody_internal(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of an internal domain that matches every domain."""
    for pattern in document.internal.email_domain:
        if not pattern.strip(ANY):
            yield FieldError(
                "internal.email_domain",
                f"'{pattern}' matches everybody, so nobody is scored; name your own domains",
            )


def tier_hidden(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a tier that matches only when an earlier one does, which wins."""
    for path, rule in field_rules_of(document):
        tiers = rule.tiers or []
        for number, tier in enumerate(tiers):
            hiding = next(
                (first for first, other in enumerate(tiers[:number]) if hides(other, tier)), None
            )
            if hiding is not None:
                yield FieldError(
                    f"{path}.tiers.{number}",
                    f"never counts, because tiers.{hiding} comes first and matches whenever it"
                    " does; swap them or remove one",
                )


def list_of_another_field(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a list that is about another field."""
    for path, fact in facts_of(document):
        others = [
            (name, field)
            for name in (one.in_list or "" for one in fact.comparisons)
            if (field := FIELD_OF_LIST.get(name)) and fact.field in FIELDS_OF_LISTS - {field}
        ]
        for name, field in others[:1]:  # one line a rule: its tiers make the same mistake
            yield FieldError(
                f"{path}.field", f"{fact.field} is never in the list {name}; use field: {field}"
            )


def good_undesirable(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of an undesirable that gives points: the minus was probably forgotten."""
    for path, side, _, rule in rules_of(document):
        most = max((points for points in _all_points(rule)), default=0)
        if side == "undesirables" and most > 0:
            yield FieldError(
                path,
                f"speaks against a lead, but gives {most:g} points; write {-most:g}, or move it",
            )


def limit_below_one(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a rule that can never give what a single occurrence is worth."""
    for path, _, rule in behaviour_rules_of(document):
        if rule.amount or not rule.points or not rule.max_points:
            continue
        if rule.max_points < abs(rule.points):
            yield FieldError(
                f"{path}.max_points",
                f"a single occurrence is worth {abs(rule.points):g}, but at most"
                f" {rule.max_points:g} count; raise it or lower points",
            )


def signal_tier_hidden(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a tier that asks for more than another one and gives no more."""
    for path, _, rule in behaviour_rules_of(document):
        tiers = rule.tiers or []
        for number, tier in enumerate(tiers):
            others = ((n, other) for n, other in enumerate(tiers) if n != number)
            better = (
                n for n, other in others if _beats(other, tier) and (n < number or other != tier)
            )
            if (hiding := next(better, None)) is not None:
                yield FieldError(
                    f"{path}.tiers.{number}",
                    f"never counts, because tiers.{hiding} asks for less and is worth as much; give"
                    " the harder one more points, or remove one",
                )


def per_day_of_distinct(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a limit per day on a distinct signal, whose keys count once each, whatever the day.

    A limit of 1 does no harm, so it is let through.
    """
    for path, key, rule in behaviour_rules_of(document):
        if (distinct := document.signals[key].distinct) and (rule.per_day or 1) > 1:
            yield FieldError(
                f"{path}.per_day",
                f"does not apply, because {key} counts each {distinct} once; remove it",
            )


def never_fades(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of points that never fade, all in one line: old behaviour keeps a lead warm."""
    lasting = [
        path.removeprefix("rules.")
        for path, _, rule in behaviour_rules_of(document)
        if max(_all_points(rule)) > 0
        and rule.half_life_days is None
        and any(window is None for window in rule.windows)
    ]
    if lasting:
        verb = "never fades, so it keeps" if len(lasting) == 1 else "never fade, so they keep"
        yield FieldError(
            "rules",
            f"{', '.join(lasting)} {verb} a lead warm for more than a year; add half_life_days",
        )


def group_without_rules(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a group that no rule gives points to, nor a person in any example."""
    used = {_group(side, rule) for _, side, _, rule in rules_of(document)}
    used |= {
        one.group for example in document.examples for one in example.given.points if one.group
    }
    for key in document.groups:
        if key not in used:
            yield FieldError(
                f"groups.{key}",
                "no rule gives it points, so only points by hand do; name it as the group of a"
                " rule, or remove it",
            )


def too_many_needed_for_a_grade(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of more rules needed for a grade than there are: nobody would have one."""
    with_points = [
        rule
        for _, side, _, rule in rules_of(document)
        if _group(side, rule) == FIT and any(_all_points(rule))
    ]
    known = sum(isinstance(rule, FieldRuleDocument) for rule in with_points)
    if document.grade_needs > known:
        yield FieldError(
            "grade_needs",
            f"requires {document.grade_needs} rules of fit, but there are {known}, so every grade"
            " is –; lower it",
        )


WARNING_CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    signal_unread,
    *RECORDED_CHECKS,
    domain_with_at,
    everybody_internal,
    tier_hidden,
    list_of_another_field,
    good_undesirable,
    limit_below_one,
    signal_tier_hidden,
    per_day_of_distinct,
    never_fades,
    group_without_rules,
    too_many_needed_for_a_grade,
    *FACT_WARNINGS,
)


def _group(side: str, rule: RuleDocument) -> str:
    return rule.group or default_group(side, on_signal=not isinstance(rule, FieldRuleDocument))


def _all_points(rule: RuleDocument) -> list[float]:
    """Return the points of a rule, or of each of its tiers."""
    if isinstance(rule, SilenceRuleDocument):
        return [rule.silence.points]
    return [tier.points for tier in rule.tiers or ()] or [rule.points or 0]


def _beats(first: BehaviourTierDocument, second: BehaviourTierDocument) -> bool:
    """Return whether the first tier holds whenever the second one does, and is worth no less."""
    if first.measures != second.measures or abs(first.points) < abs(second.points):
        return False
    counts = [getattr(tier, one) for tier in (first, second) for one in tier.measures] or [1, 1]
    windows = [inf if tier.within_days is None else tier.within_days for tier in (first, second)]
    return counts[0] <= counts[1] and windows[0] >= windows[1]
