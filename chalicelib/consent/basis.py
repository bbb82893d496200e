"""Which basis counts where, and where a ticked box must be confirmed (ADR 0045). Pure.

Both go by the countries that a person is said to be in. Anybody can type a country, so the
strictest of all that were said holds, and without any the strictest of all.
"""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any

from chalicelib.consent.consent import CONSENT_ONLY, BasisKind, Purpose

OTHERWISE = "default"  # every country that is not named
NO_COUNTRY = "unknown"  # no country was said


class DoubleOptIn(StrEnum):
    """Which ticked boxes have to be confirmed, the most first."""

    ALWAYS = "always"
    NEWSLETTERS = "newsletters"
    NEVER = "never"


RulesByCountry = Mapping[str, Collection[str]]
"""Country, or `default` -> the kinds of basis that count there."""
DEFAULT_BASIS: RulesByCountry = {
    OTHERWISE: CONSENT_ONLY,
    "US": frozenset({BasisKind.CONSENT, BasisKind.OPT_OUT}),
}
DEFAULT_DOUBLE_OPT_IN: Mapping[str, str] = {
    "DE": DoubleOptIn.ALWAYS,
    "AT": DoubleOptIn.ALWAYS,
    "CH": DoubleOptIn.ALWAYS,
    NO_COUNTRY: DoubleOptIn.ALWAYS,
    OTHERWISE: DoubleOptIn.NEWSLETTERS,
}


def counting_bases(
    settings: Mapping[Any, RulesByCountry], purpose: Purpose, countries: Iterable[str]
) -> frozenset[BasisKind]:
    """Return the kinds of basis that count for a person.

    settings: what a company has set, by purpose.
    """
    rules = {**DEFAULT_BASIS, **settings.get(purpose, {})}
    found = [
        frozenset(BasisKind(kind) for kind in rules.get(one, rules[OTHERWISE]))
        for one in _codes(countries)
    ]
    return frozenset.intersection(*found) if found else CONSENT_ONLY


def must_confirm(
    settings: Mapping[str, str] | str,
    countries: Iterable[str],
    *,
    is_newsletter: bool,
    form_says: bool | None,
) -> bool:
    """Return whether a ticked box has to be confirmed.

    settings: what a company has set, by country, or one rule for all; form_says: what the form's
    document has set, None when it leaves it to the country.
    """
    if form_says is not None:
        return form_says
    if isinstance(settings, str):
        found = [settings]
    else:
        by_country = {**DEFAULT_DOUBLE_OPT_IN, **settings}
        found = [by_country.get(one, by_country[OTHERWISE]) for one in _codes(countries)]
        found = found or [by_country[NO_COUNTRY]]
    # A rule of a later version is taken for the strictest, after a rollback.
    rules = [one if one in set(DoubleOptIn) else DoubleOptIn.ALWAYS for one in found]
    is_always = DoubleOptIn.ALWAYS in rules
    return is_always or (is_newsletter and DoubleOptIn.NEWSLETTERS in rules)


def _codes(countries: Iterable[str]) -> list[str]:
    """Return the codes of countries. Whatever is not a code has no rule of its own."""
    return [one.strip().upper() for one in countries if one.strip()]
