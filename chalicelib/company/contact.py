"""How people of a country may be addressed who did not ask for it: a company's own rules, which
notices to sales repeat (playbook, rule 2). The rules that ship are no legal advice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from chalicelib.document import Document, needs

ANY_COUNTRY = "default"  # every country that is not named, and nobody knows which


class ContactRule(StrEnum):
    """What an email, or a call, to somebody who did not ask for it needs; the strictest first."""

    CONSENT = "consent"
    PRESUMED_INTEREST = "presumed_interest"  # a concrete reason why they may want it
    OPT_OUT = "opt_out"  # nothing, until they object


AnyContactRule = Annotated[
    ContactRule | None, needs("one of consent, presumed_interest, opt_out is needed")
]


class ContactRulesDocument(Document):
    """The rules of a country. What is left out is as shipped."""

    email: AnyContactRule = None
    call: AnyContactRule = None


RuledCountry = Annotated[
    str,
    Field(pattern=r"^([A-Z]{2}|default)$"),
    needs("the two capital letters of a country are needed, or default for the others"),
]
ContactRulesByCountry = dict[RuledCountry, ContactRulesDocument]


@dataclass(frozen=True, slots=True)
class ContactRules:
    """What holds for one person."""

    email: ContactRule = ContactRule.CONSENT
    call: ContactRule = ContactRule.CONSENT


SHIPPED_RULES: Mapping[str, ContactRules] = {
    "DE": ContactRules(call=ContactRule.PRESUMED_INTEREST),
    "AT": ContactRules(),
    "CH": ContactRules(call=ContactRule.OPT_OUT),
    "US": ContactRules(email=ContactRule.OPT_OUT, call=ContactRule.OPT_OUT),
    ANY_COUNTRY: ContactRules(),
}
STRICTEST = tuple(ContactRule)


def contact_rules_for(
    settings: Mapping[str, ContactRulesDocument], countries: Iterable[str]
) -> ContactRules:
    """Return the rules for somebody who is said to be in some countries.

    settings: what a company has set. Anybody can type a country, so the strictest of all holds.
    """
    found = [_rules_of(settings, one) for one in countries] or [_rules_of(settings, ANY_COUNTRY)]
    return ContactRules(
        email=min((one.email for one in found), key=STRICTEST.index),
        call=min((one.call for one in found), key=STRICTEST.index),
    )


def _rules_of(settings: Mapping[str, ContactRulesDocument], country: str) -> ContactRules:
    """Return a country's rules: those set for it, those shipped for it, those of the others."""
    own = settings.get(country, ContactRulesDocument())
    others = settings.get(ANY_COUNTRY, ContactRulesDocument())
    shipped = SHIPPED_RULES.get(country)
    if shipped is None:
        every = SHIPPED_RULES[ANY_COUNTRY]
        shipped = ContactRules(others.email or every.email, others.call or every.call)
    return ContactRules(own.email or shipped.email, own.call or shipped.call)
