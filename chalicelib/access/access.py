"""Gives out tokens, takes them back, and says who calls."""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.access.tokens import (
    ADMIN,
    TOKEN_TEXT,
    AccessToken,
    Caller,
    Role,
    hash_of_secret,
    is_secret_of,
    revoked,
    token_text,
)
from chalicelib.errors import AuthError, NotFoundError, StateError
from chalicelib.limits import ACCESS_TOKENS_MAX, ENDED_TOKENS_KEPT_DAYS
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written


class TokenStore(Protocol):
    """Where tokens are kept."""

    def one(self, token_id: str) -> AccessToken | None:
        """Return the token of an id, read consistently, None when there is none."""

    def every(self, most: int) -> Sequence[AccessToken]:
        """Return the tokens, at most so many."""

    def put(self, before: AccessToken | None, after: AccessToken) -> None:
        """Write a token. Raise ConflictError when it is not as it was read."""


class Access:
    """Who may call the private endpoints.

    admin_token: returns the deployment's own; new_secret: returns 43 random letters and digits of
    base64 in its form for addresses.
    """

    def __init__(
        self,
        *,
        store: TokenStore,
        admin_token: Callable[[], str],
        new_secret: Callable[[], str],
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._admin_token = admin_token
        self._new_secret = new_secret
        self.runtime = runtime

    def caller(self, header: str) -> Caller:
        """Return who calls with an Authorization header. Raise AuthError.

        A token is read at every call, so that a revoked one is refused at once.
        """
        scheme, _, given = header.partition(" ")
        given = given.strip()
        if scheme.lower() != "bearer" or not given:
            raise AuthError("a bearer token is required")
        parts = TOKEN_TEXT.fullmatch(given)
        if parts is None:
            if hmac.compare_digest(given.encode(errors="replace"), self._admin_token().encode()):
                return ADMIN
            raise AuthError("this token is not valid")
        token = self._store.one(parts[1])
        is_right = is_secret_of(token, parts[2])  # also for no token: both take the same time
        if token is None or not is_right or not token.holds(self.runtime.now()):
            raise AuthError("this token is not valid, or no longer; ask an admin for another")
        return Caller(name=token.name, role=token.role, token=token.id, person=token.person)

    def tokens(self) -> Sequence[AccessToken]:
        """Return all tokens, also those that no longer hold, the newest first."""
        found = self._store.every(ACCESS_TOKENS_MAX)
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)

    @until_written
    def create(
        self,
        *,
        name: str,
        role: Role,
        person: str | None,
        expires_at: datetime | None,
        author: str,
    ) -> tuple[AccessToken, str]:
        """Make a token. Return it with its text, which is kept nowhere.

        Raise StateError when there are too many.
        """
        if len(self._store.every(ACCESS_TOKENS_MAX)) >= ACCESS_TOKENS_MAX:
            raise StateError(
                f"there are {ACCESS_TOKENS_MAX} tokens, with those that ended in the last"
                f" {ENDED_TOKENS_KEPT_DAYS} days; revoke some, and come back after that"
            )
        secret = self._new_secret()
        token = AccessToken(
            id=hash_of_secret(self.runtime.new_id() + secret)[:12],
            name=name,
            role=role,
            person=person,
            secret_hash=hash_of_secret(secret),
            created_at=self.runtime.now(),
            created_by=author,
            expires_at=expires_at,
        )
        self._store.put(None, token)
        return token, token_text(token.id, secret)

    @until_written
    def revoke(self, token_id: str) -> AccessToken:
        """Take a token back, for good. One that is revoked already stays so.

        Raise NotFoundError.
        """
        token = self._store.one(token_id)
        if token is None:
            raise NotFoundError("there is no such token")
        if token.revoked_at is not None:
            return token
        after = revoked(token, self.runtime.now())
        self._store.put(token, after)
        return after
