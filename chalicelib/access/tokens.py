"""Tokens: what a person or a program calls the private endpoints with (ADR 0072).

A token reads `bt_<id>_<secret>`. The id finds it with one read; the secret has 256 random bits and
is kept as a SHA-256: nobody can guess one, so a slow hash would protect nothing and cost every
request.
"""

import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

TOKEN_TEXT = re.compile(r"bt_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
NO_HASH = "0" * 64
"""Compared with where there is no token, so that both take the same time."""


class Role(StrEnum):
    """What a token's holder does. A private route names each role that may call it."""

    ADMIN = "admin"
    MARKETER = "marketer"
    SALES = "sales"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token as it is kept: not its text, which is shown once."""

    id: str
    """12 hex digits."""
    name: str
    """Whose it is, or what for."""
    role: Role
    person: str | None = None
    """Of sales: the salesperson's id in the routing document."""
    secret_hash: str
    created_at: datetime
    created_by: str = ""
    expires_at: datetime | None = None
    """None: never."""
    revoked_at: datetime | None = None
    """None: it holds."""
    version: int = 1

    def holds(self, now: datetime) -> bool:
        """Return whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls a private endpoint."""

    name: str
    role: Role
    token: str | None = None
    """The token's id; None: the deployment's own admin token."""
    person: str | None = None
    """Of sales: the salesperson's id in the routing document."""

    def may(self, roles: frozenset[Role]) -> bool:
        """Return whether one of these roles is the caller's. An admin's is every role."""
        return self.role is Role.ADMIN or self.role in roles


ADMIN = Caller(name=Role.ADMIN.value, role=Role.ADMIN)
"""The holder of the deployment's own admin token."""


def token_text(token_id: str, secret: str) -> str:
    """Return the text of a token."""
    return f"bt_{token_id}_{secret}"


def hash_of_secret(secret: str) -> str:
    """Return what is kept of a secret: its SHA-256 in hex."""
    return sha256(secret.encode()).hexdigest()


def is_secret_of(token: AccessToken | None, secret: str) -> bool:
    """Return whether a secret is that of a token, in the same time also where there is none."""
    known = token.secret_hash if token else NO_HASH
    return hmac.compare_digest(hash_of_secret(secret), known) and token is not None


def revoked(token: AccessToken, now: datetime) -> AccessToken:
    """Return the token as it no longer holds."""
    return replace(token, revoked_at=now, version=token.version + 1)
