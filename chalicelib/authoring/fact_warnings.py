"""Warnings about rules on facts: what they may say, but probably do not mean."""

from collections.abc import Callable, Iterator

from chalicelib.authoring.field_shape import ComparisonDocument
from chalicelib.authoring.shape import ModelDocument, facts_of, field_rules_of
from chalicelib.errors import FieldError
from chalicelib.scoring.matching import CAMPAIGN_KEYS
from chalicelib.scoring.pattern import ANY

KEPT_AS = {
    **dict.fromkeys(("jobtitle", "job", "position", "role"), "job_title"),
    **dict.fromkeys(
        ("employees", "employee_count", "number_of_employees", "headcount", "size"), "company_size"
    ),
    **dict.fromkeys(("company_name", "organization", "organisation"), "company"),
    **dict.fromkeys(("phone_number", "telephone", "mobile"), "phone"),
    "sector": "industry",
    "country_code": "country",
    "work_email": "email",
}
"""Names that forms often give to a field -> the name that a profile has for it."""


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


def list_as_a_phrase(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of several words in one text: they are a phrase, and must stand in this order."""
    for path, fact in facts_of(document):
        for text in [text for one in fact.comparisons for text in one.phrases if "," in text]:
            parts = ", ".join(filter(None, map(str.strip, text.split(","))))
            yield FieldError(
                f"{path}.words",
                f"'{text}' is one phrase, with its words in this order; if any of them will do,"
                f" write a list: [{parts}]",
            )


def question_mark_in_a_pattern(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a question mark in a pattern: only a star stands for others."""
    for path, fact in facts_of(document):
        for text in [
            text
            for one in fact.comparisons
            for text in (*one.phrases, *(one.matches or ()))
            if "?" in text
        ]:
            yield FieldError(
                path,
                f"the ? of '{text}' stands for nothing; write {text.replace('?', ANY)}, or"
                " list the spellings",
            )


def touch_forgotten(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a part of a touch that is looked for in the profile."""
    for path, fact in facts_of(document):
        if fact.touch is None and fact.field in CAMPAIGN_KEYS:
            yield FieldError(
                f"{path}.field",
                f"reads a field {fact.field} of the profile; for where they came from, add"
                " touch: first",
            )


def name_of_a_form(document: ModelDocument) -> Iterator[FieldError]:
    """Warn of a field by a name that forms have for it: profiles keep it under another."""
    for path, fact in facts_of(document):
        if kept := KEPT_AS.get(fact.field or "") if fact.touch is None else None:
            yield FieldError(
                f"{path}.field",
                f"is never given, because {fact.field} is kept as {kept}; use field: {kept}",
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
    list_as_a_phrase,
    question_mark_in_a_pattern,
    touch_forgotten,
    name_of_a_form,
    everybody_disqualified,
)


def _whole_values(one: ComparisonDocument) -> Iterator[str]:
    for written in (one.equals, one.contains):
        for value in written if isinstance(written, list) else [written]:
            if isinstance(value, str):
                yield value
