"""What a scoring model may say and probably does not mean: it is stored, and its author is warned.

Each check has one message, which names the path and the remedy. Those on stages are in
stage_warnings.py.
"""

from collections.abc import Callable, Iterator

from chalicelib.authoring import stage_warnings
from chalicelib.authoring.shape import (
    BehaviourRuleDocument,
    FieldRuleDocument,
    ModelDocument,
    TestDocument,
    behaviour_rules_of,
    field_rules_of,
    rules_of,
    ways_of,
)
from chalicelib.errors import FieldError
from chalicelib.scoring.model import Model, compared, default_group
from chalicelib.scoring.pattern import ANY, matches_any

FIT = "fit"  # the group that grades are of
DOMAIN = "email_domain"
HALVES = frozenset({"email", "email_domain", "email_local"})
# patterns of one tier with those of another: longer lists are not looked through
COMPARED_MAX = 400
FIELD_OF_LIST = {"free_mail": "email_domain", "disposable": "email_domain", "role": "email_local"}


def warnings(document: ModelDocument, model: Model) -> list[FieldError]:
    """All warnings of a checked document, which the model was compiled from."""
    return [
        *(line for check in CHECKS for line in check(document)),
        *(line for check in stage_warnings.CHECKS for line in check(model)),
    ]


def signal_unread(document: ModelDocument) -> Iterator[FieldError]:
    """A signal that is counted for nobody."""
    read = {signal for _, signal, _ in behaviour_rules_of(document)} | set(document.recycle.wakes)
    read |= {way.signal for _, _, way in ways_of(document) if way.signal}
    for key in document.signals:
        if key not in read:
            yield FieldError(
                f"signals.{key}", "no rule, way in or wake reads it; use it or remove it"
            )


def path_without_slash(document: ModelDocument) -> Iterator[FieldError]:
    """A path begins with a slash."""
    for key, signal in document.signals.items():
        for pattern in signal.where.get("path", []) if signal.on == "page" else []:
            if not pattern.startswith(("/", "*")):
                yield FieldError(
                    f"signals.{key}.where.path",
                    f"'{pattern}' matches no page, because a path begins with /; put it first",
                )


def domain_with_at(document: ModelDocument) -> Iterator[FieldError]:
    """A domain is what stands behind the @."""
    asked = [("internal.email_domain", document.internal.email_domain)]
    for path, rule in field_rules_of(document):
        if rule.field == DOMAIN:
            asked += [
                (path, [*(test.matches or ()), *_equal_to(test)])
                for test in (rule, *(rule.tiers or ()))
            ]
    for path, texts in asked:
        for text in texts:
            if "@" in text:
                yield FieldError(
                    path,
                    f"'{text}' matches nobody, because a domain has no @; write"
                    f" {text.rpartition('@')[2] or '*'}",
                )


def everybody_internal(document: ModelDocument) -> Iterator[FieldError]:
    """All the world is not our own."""
    for pattern in document.internal.email_domain:
        if not pattern.strip(ANY):
            yield FieldError(
                "internal.email_domain",
                f"'{pattern}' matches everybody, so nobody is scored; name your own domains",
            )


def tier_hidden(document: ModelDocument) -> Iterator[FieldError]:
    """A tier that holds only when an earlier one does, which wins."""
    for path, rule in field_rules_of(document):
        tiers = rule.tiers or []
        for number, tier in enumerate(tiers):
            hiding = next(
                (first for first, other in enumerate(tiers[:number]) if _hides(other, tier)), None
            )
            if hiding is not None:
                yield FieldError(
                    f"{path}.tiers.{number}",
                    f"never counts, because tiers.{hiding} comes first and always holds with it;"
                    " swap or remove one",
                )


def list_of_another_field(document: ModelDocument) -> Iterator[FieldError]:
    """A domain is never in a list of roles, nor an address in one of domains."""
    for path, rule in field_rules_of(document):
        for test in (rule, *(rule.tiers or [])):
            field = FIELD_OF_LIST.get(test.in_list or "")
            if field and rule.field in HALVES - {field}:
                yield FieldError(
                    f"{path}.field", f"{test.in_list} never holds {rule.field}; use field: {field}"
                )


def good_undesirable(document: ModelDocument) -> Iterator[FieldError]:
    """A forgotten minus."""
    for path, side, _, rule in rules_of(document):
        most = max((points for points in _all_points(rule)), default=0)
        if side == "undesirables" and most > 0:
            yield FieldError(
                path,
                f"speaks against a lead and gives {most:g} points; write {-most:g}, or move it",
            )


def limit_below_one(document: ModelDocument) -> Iterator[FieldError]:
    """A rule that can never give what it says."""
    for path, _, rule in behaviour_rules_of(document):
        if rule.max_points is not None and rule.max_points < abs(rule.points):
            yield FieldError(
                f"{path}.max_points",
                f"one occurrence alone is {abs(rule.points):g}, and at most {rule.max_points:g}"
                " count; raise it or lower points",
            )


def per_day_of_distinct(document: ModelDocument) -> Iterator[FieldError]:
    """Each key of a distinct signal counts once, whatever the day; 1 a day says nothing else of a
    key.
    """
    for path, key, rule in behaviour_rules_of(document):
        if (distinct := document.signals[key].distinct) and (rule.per_day or 1) > 1:
            yield FieldError(
                f"{path}.per_day",
                f"does not apply, because {key} counts each {distinct} once; remove it",
            )


def never_fades(document: ModelDocument) -> Iterator[FieldError]:
    """Old behaviour that keeps a lead warm."""
    for path, _, rule in behaviour_rules_of(document):
        if rule.points > 0 and rule.half_life_days is None:
            yield FieldError(
                path,
                "never fades, so it keeps a lead warm for more than a year; add half_life_days",
            )


def group_without_rules(document: ModelDocument) -> Iterator[FieldError]:
    """A group that is always 0, or its limit."""
    used = {_group(side, rule) for _, side, _, rule in rules_of(document)}
    for key in document.groups:
        if key not in used:
            yield FieldError(
                f"groups.{key}",
                "no rule gives it points; name it as the group of a rule, or remove it",
            )


def too_many_needed_for_a_grade(document: ModelDocument) -> Iterator[FieldError]:
    """Nobody would have a grade."""
    told = [
        rule
        for _, side, _, rule in rules_of(document)
        if _group(side, rule) == FIT and any(_all_points(rule))
    ]
    known = sum(isinstance(rule, FieldRuleDocument) for rule in told)
    if document.grade_needs > known:
        yield FieldError(
            "grade_needs",
            f"asks for {document.grade_needs} rules of fit, and there are {known}, so every grade"
            " is –; lower it",
        )


CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    signal_unread,
    path_without_slash,
    domain_with_at,
    everybody_internal,
    tier_hidden,
    list_of_another_field,
    good_undesirable,
    limit_below_one,
    per_day_of_distinct,
    never_fades,
    group_without_rules,
    too_many_needed_for_a_grade,
)


def _group(side: str, rule: FieldRuleDocument | BehaviourRuleDocument) -> str:
    return rule.group or default_group(side, on_signal=isinstance(rule, BehaviourRuleDocument))


def _all_points(rule: FieldRuleDocument | BehaviourRuleDocument) -> list[float]:
    """The points of a rule, or of each of its tiers."""
    tiers = rule.tiers or [] if isinstance(rule, FieldRuleDocument) else []
    return [tier.points for tier in tiers] or [rule.points or 0]


def _hides(first: TestDocument, second: TestDocument) -> bool:
    """Whether the first holds for every value for which the second does. False when it cannot be
    told simply.
    """
    if first.present:
        return not second.absent
    if first.between and second.between:
        return first.between[0] <= second.between[0] and second.between[1] <= first.between[1]
    if (
        first.matches is not None
    ):  # a pattern that matches another's text, `*` and all, matches all that it does
        texts = second.matches if second.matches is not None else _equal_to(second)
        few = 0 < len(texts) * len(first.matches) <= COMPARED_MAX
        return few and all(matches_any(first.matches, text) for text in texts)
    if first.equals is not None:
        return bool(_equal_to(second)) and set(_equal_to(second)) <= set(_equal_to(first))
    return (first.in_list, first.absent) == (second.in_list, second.absent) != (None, None)


def _equal_to(test: TestDocument) -> list[str]:
    """What the field is equal to, as scoring compares it."""
    values = (
        test.equals
        if isinstance(test.equals, list)
        else []
        if test.equals is None
        else [test.equals]
    )
    return [compared(value) for value in values]
