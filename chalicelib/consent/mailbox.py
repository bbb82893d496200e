"""Mailboxes: which spellings of an address reach one mailbox, and the keyed hashes that name it.

A suppression holds for the mailbox, whichever spelling somebody typed (ADR 0036). A lead is an
address as it is spelt: its id keeps tags and dots (capture/identity.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest

HASH_CHARS = 32  # 128 bits: no two mailboxes ever share one
GMAIL = "gmail.com"
SAME_DOMAIN = {"googlemail.com": GMAIL}
SUBDOMAIN_TAGS = ("fastmail.com", "fastmail.fm")
"""Providers that take a tag as `tag@name.<domain>` too."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox, and the spelling by which it was reached. Both are keyed hashes."""

    id: str
    """One for all spellings that reach it."""
    spelling: str
    """Of the exact address, in lower case: a bounce is about this one alone."""


MailboxOf = Callable[[str], Mailbox]
"""Names the mailbox of a parsed address."""


def mailbox_of(secret: bytes, address: str) -> Mailbox:
    """Return the mailbox of a parsed address. It reveals nothing to anyone without the secret."""
    return Mailbox(
        id=_hash(secret, "mailbox", canonical(address)),
        spelling=_hash(secret, "spelling", address.lower()),
    )


def canonical(address: str) -> str:
    """Return the one spelling of a parsed address that stands for its mailbox.

    Lower case and without a plus tag, which goes to the same mailbox or to none. Other rules are
    the providers' own: Gmail ignores dots; Yahoo allows a hyphen only before the keyword of a
    disposable address; Fastmail takes a tag in front of the name as a subdomain, too.
    """
    local, _, domain = address.lower().rpartition("@")
    name, _, host = domain.partition(".")
    if host in SUBDOMAIN_TAGS:
        local, domain = name, host
    domain = SAME_DOMAIN.get(domain, domain)
    local = _before(local, "+")
    if domain == GMAIL:
        local = local.replace(".", "")
    if domain.startswith("yahoo."):
        local = _before(local, "-")
    return f"{local}@{domain}"


def _before(local: str, mark: str) -> str:
    """Return what stands before the first mark; all of it where nothing does."""
    return local.partition(mark)[0] or local


def _hash(secret: bytes, purpose: str, text: str) -> str:
    # The purpose keeps these apart from lead ids, which the same secret makes.
    return digest(secret, f"{purpose}\n{text}".encode(), sha256).hex()[:HASH_CHARS]
