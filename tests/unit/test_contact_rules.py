"""What a notice says of emails and calls that nobody asked for: by country, a company's own."""

from typing import Any

import pytest

from chalicelib.company import SettingsDocument, read_company
from chalicelib.company.contact import ContactRule, ContactRules, contact_rules_for
from chalicelib.document import parse_document
from chalicelib.errors import DocumentError

CONSENT = ContactRule.CONSENT
REASON = ContactRule.PRESUMED_INTEREST
OPT_OUT = ContactRule.OPT_OUT


def rules(*countries: str, **settings: Any) -> ContactRules:
    own = read_company({"contact_rules": settings}).contact_rules
    return contact_rules_for(own, countries)


@pytest.mark.parametrize(
    ("country", "holds"),
    [
        ("DE", ContactRules(CONSENT, REASON)),
        ("AT", ContactRules(CONSENT, CONSENT)),
        ("CH", ContactRules(CONSENT, OPT_OUT)),
        ("US", ContactRules(OPT_OUT, OPT_OUT)),
        ("FR", ContactRules(CONSENT, CONSENT)),
        ("Narnia", ContactRules(CONSENT, CONSENT)),
    ],
)
def test_rule_2_the_rules_that_ship(country: str, holds: ContactRules) -> None:
    assert rules(country) == holds


def test_rule_2_nobody_is_less_bound_than_in_an_unknown_country() -> None:
    assert rules() == ContactRules(CONSENT, CONSENT)


def test_of_several_countries_the_strictest_rule_holds() -> None:
    assert rules("US", "DE") == ContactRules(CONSENT, REASON)


def test_a_company_sets_its_own_rules() -> None:
    own = {"DE": {"call": "consent"}, "default": {"call": "opt_out"}}
    assert rules("DE", **own) == ContactRules(CONSENT, CONSENT)
    assert rules("FR", **own) == ContactRules(CONSENT, OPT_OUT)
    assert rules(**own) == ContactRules(CONSENT, OPT_OUT)
    assert rules("AT", **own) == ContactRules(CONSENT, CONSENT)  # shipped, so not one of the others


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            {"Germany": {"call": "consent"}},
            "the two capital letters of a country are needed, or default",
        ),
        ({"DE": "consent"}, "keys with their values are needed"),
        ({"DE": {"call": "ask"}}, "one of consent, presumed_interest, opt_out is needed"),
        ({"DE": {"sms": "consent"}}, "the keys here are email, call"),
        ([], "keys with their values are needed"),
    ],
)
def test_a_wrong_rule_is_refused_with_what_would_pass(wrong: Any, says: str) -> None:
    with pytest.raises(DocumentError) as refused:
        parse_document(SettingsDocument, {"contact_rules": wrong})
    assert says in str([str(one) for one in refused.value.errors])
