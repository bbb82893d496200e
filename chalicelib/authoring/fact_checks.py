"""What a rule on facts must not say, although its keys have the right shape.

Each check has one message, which names the path and the remedy.
"""

from collections.abc import Callable, Iterator

from chalicelib.authoring.field_shape import ComparisonDocument
from chalicelib.authoring.shape import ModelDocument, facts_of, field_rules_of, tests_of
from chalicelib.errors import FieldError
from chalicelib.scoring.field_rules import Operator
from chalicelib.scoring.matching import CAMPAIGN_KEYS
from chalicelib.scoring.words import phrase_of


def _one_of(*operators: str) -> str:
    *others, last = operators
    return f"{', '.join(others)} or {last}"


ONE_OPERATOR = _one_of(*(one for one in Operator if one is not Operator.ELSE))
ONE_COMPARISON = _one_of(*ComparisonDocument.model_fields)


def no_field(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a rule on facts that names none."""
    for path, rule in field_rules_of(document):
        if rule.field is None and rule.all is None:
            yield FieldError(f"{path}.field", "is missing; add it, or all with several facts")


def all_beside_others(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a field, an operator or tiers beside several facts: each fact has its own."""
    for path, rule in field_rules_of(document):
        beside = [key for key in ("field", "touch", "tiers") if getattr(rule, key) is not None]
        if rule.all is not None and (given := [*beside, *rule.operators]):
            yield FieldError(
                f"{path}.{given[0]}",
                "cannot be combined with all; move it into all, or write a rule of its own",
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
            yield FieldError(
                path, f"has {' and '.join(given)}; keep one, or write them as tiers or all"
            )


def else_before_the_end(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse `else` anywhere but in the last tier: it is what the tiers before it leave."""
    for path, rule in field_rules_of(document):
        if rule.else_:
            yield FieldError(
                f"{path}.else",
                "is what the tiers before it leave, and there are none; write tiers, the last one"
                " with else: true",
            )
        for number, fact in enumerate(rule.all or []):
            if fact.else_:
                yield FieldError(f"{path}.all.{number}", "is always so; remove it, or write a test")
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
        for one in test.comparisons:
            for phrase in one.phrases:
                if not phrase_of(phrase):
                    yield FieldError(
                        f"{path}.words" if one is test else f"{path}.not.words",
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
    for path, rule in facts_of(document):
        if rule.touch and rule.field not in CAMPAIGN_KEYS:
            yield FieldError(
                f"{path}.field",
                f"a touch has source, medium and campaign, but no {rule.field}; use one of them,"
                " or remove touch",
            )


def channel_without_touch(document: ModelDocument) -> Iterator[FieldError]:
    """Refuse a rule on the channel that reads the profile, which does not know the channel."""
    for key, rule in document.rules.channel.items():
        if rule.touch is None and not any(fact.touch for fact in rule.all or ()):
            yield FieldError(
                f"rules.channel.{key}",
                "reads the profile, which has no channel; add touch: first or touch: last",
            )


FACT_CHECKS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    no_field,
    all_beside_others,
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
)
