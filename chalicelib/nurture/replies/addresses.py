"""Signed reply addresses: each names an email that marketing sent, so that the answer finds its
lead whatever address it comes from (ADR 0062).
"""

import hmac
import re
from base64 import b32encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from chalicelib.delivery.message_keys import MessageKey
from chalicelib.delivery.outbox import OutboxMessage

PURPOSE = b"baton.reply"
EMAIL_CHARS = 8  # 40 bits: tells a lead's emails apart, and nothing else
SIGNATURE_CHARS = 20  # 100 bits
#: Base32 throughout: some mail servers change the case of what stands before the @. With 60 of the
#: 64 characters that it may have (RFC 5321, 4.5.3.1.1).
LOCAL_PART = re.compile(
    rf"reply-([a-z2-7]{{26}})([a-z2-7]{{{EMAIL_CHARS}}})([a-z2-7]{{{SIGNATURE_CHARS}}})"
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a reply address names."""

    lead_id: str
    email: str
    """A short hash of the message's key, see `is_about`."""

    def is_about(self, key: MessageKey) -> bool:
        """Return whether this is the message of that key."""
        return _short(str(key)) == self.email


class ReplyAddresses:
    """Makes and reads reply addresses.

    keys: `current`, and after a rotation `previous`, asked for when they are needed; domain: whose
    mail is received, empty where none is.
    """

    def __init__(self, *, keys: Callable[[], Mapping[str, str]], domain: str) -> None:
        self._keys = keys
        self._domain = domain.lower()

    def address_of(self, message: OutboxMessage) -> str | None:
        """Return the address that answers to an email go to; None where no mail is received."""
        if not self._domain:
            return None
        what = message.lead_id.lower() + _short(str(message.key))
        return f"reply-{what}{_signature(self._keys()['current'], what)}@{self._domain}"

    def is_ours(self, address: str) -> bool:
        """Return whether an address is one of our domain, signed or not."""
        return bool(self._domain) and address.rpartition("@")[2].lower() == self._domain

    def read(self, address: str) -> Answered | None:
        """Return what an address names, None for one that we did not sign."""
        found = LOCAL_PART.fullmatch(address.rpartition("@")[0].lower())
        if found is None or not self.is_ours(address):
            return None
        lead_id, email, given = found.groups()
        signed = (_signature(key, lead_id + email) for key in self._keys().values())
        if not any(hmac.compare_digest(one, given) for one in signed):
            return None
        return Answered(lead_id.upper(), email)


def _short(key: str) -> str:
    return _letters(sha256(key.encode()).digest(), EMAIL_CHARS)


def _signature(key: str, what: str) -> str:
    # A key of its own for this purpose, as the links have.
    own = hmac.digest(key.encode(), PURPOSE, "sha256")
    return _letters(hmac.digest(own, what.encode(), "sha256"), SIGNATURE_CHARS)


def _letters(data: bytes, chars: int) -> str:
    return b32encode(data).decode().lower()[:chars]
