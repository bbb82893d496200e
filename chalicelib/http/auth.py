"""Who may use the private endpoints: the bearer of the admin token."""

import hmac
from collections.abc import Callable

from chalice.app import Request

from chalicelib.errors import AuthError


def require_token(request: Request, token: Callable[[], str]) -> None:
    """Raises AuthError when the request carries no bearer token, or not this one."""
    scheme, _, given = str(request.headers.get("authorization", "")).partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise AuthError("no bearer token")
    if not hmac.compare_digest(given.strip().encode(), token().encode()):
        raise AuthError("this token is not valid")
