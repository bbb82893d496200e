"""Warnings about rules on facts: what they may say, but probably do not mean."""

from collections.abc import Callable, Iterator

from chalicelib.authoring.field_shape import ComparisonDocument
from chalicelib.authoring.shape import ModelDocument, facts_of, field_rules_of
from chalicelib.errors import FieldError
from chalicelib.scoring.pattern import ANY


def star_in_a_value(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a star where whole values are compared: it stands for itself there."""
    for path, fact in facts_of(document):
        for one in fact.comparisons:
            for text in _whole_values(one):
                if ANY in text:
                    yield FieldError(
                        path,
                        f"'{text}' is compared as it stands, star included; write matches:"
                        f" ['{text}'], or words",
                    )


def everybody_disqualified(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a disqualification that leaves nobody: any of the tiers disqualifies."""
    for path, rule in field_rules_of(document):
        tiers = rule.tiers or []
        is_all = any(tier.present for tier in tiers) and any(tier.absent for tier in tiers)
        if rule.disqualify and (is_all or any(tier.else_ for tier in tiers)):
            yield FieldError(
                f"{path}.disqualify",
                "disqualifies everybody, because one of the tiers always matches; disqualify by a"
                " rule of its own, without tiers",
            )


FACT_WARNINGS: tuple[Callable[[ModelDocument], Iterator[FieldError]], ...] = (
    star_in_a_value,
    everybody_disqualified,
)


def _whole_values(one: ComparisonDocument) -> Iterator[str]:
    for written in (one.equals, one.contains):
        for value in written if isinstance(written, list) else [written]:
            if isinstance(value, str):
                yield value
