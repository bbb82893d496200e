"""Access: the roles of each private route, and the public write key."""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import wraps
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.errors import AuthError, FieldError, WriteKeyError
from chalicelib.http.exchange import JSON, check_query, current_request, query_of
from chalicelib.http.problem import answers_problems
from chalicelib.wiring.world import world

PrivateView = Callable[..., Response]

ROLES = "roles"  # the attribute of a private view that holds its roles


class Role(StrEnum):
    """What a token's holder does. A private route names each role that may call it."""

    ADMIN = "admin"
    MARKETER = "marketer"
    SALES = "sales"


def private(
    blueprint: Blueprint,
    path: str,
    *roles: Role,
    methods: Sequence[str] = ("GET",),
    content_types: Sequence[str] = (JSON,),
    query: Sequence[str] = (),
) -> Callable[[PrivateView], PrivateView]:
    """Register a view as a private route, for these roles.

    query: the parameters that it takes; any other is refused, since a misspelt one must not pass
    unnoticed. The token is checked before anything of the request is read. The view is called with
    the request and the path's variables; its errors become problem answers.
    """

    def register(view: PrivateView) -> PrivateView:
        @wraps(view)
        def authorized(**variables: str) -> Response:
            request = current_request(blueprint)
            check_token(request, world().admin_token)
            check_query(request, query)
            return view(request, **variables)

        setattr(authorized, ROLES, frozenset(roles))
        route = blueprint.route(path, methods=list(methods), content_types=list(content_types))
        route(answers_problems(authorized))
        return view

    return register


def roles_of(view: Callable[..., Any]) -> frozenset[Role]:
    """Return the roles that may call a view, none for a public one."""
    roles: frozenset[Role] = getattr(view, ROLES, frozenset())
    return roles


def check_token(request: Request, admin_token: Callable[[], str]) -> None:
    """Raise AuthError for a request without a valid bearer token.

    The admin's token is the only one that is given out so far, and it holds every role.
    """
    scheme, _, given = str(request.headers.get("authorization", "")).partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise AuthError("a bearer token is required")
    if not hmac.compare_digest(given.strip().encode(), admin_token().encode()):
        raise AuthError("this token is not valid")


def author_of(_request: Request) -> str:
    """Return who sends a request, as it is kept with what they store: the role of their token."""
    return Role.ADMIN.value  # of the only token that is given out so far


def check_write_key(request: Request, body: Any) -> None:
    """Raise WriteKeyError for a wrong write key. It is public and optional: absent is accepted.

    It stands in the body or the query as `writeKey`, or is the user of HTTP basic authentication,
    as Segment's clients send it.
    """
    given = body.get("writeKey") if isinstance(body, dict) else None
    given = given or query_of(request).get("writeKey")
    given = given or _basic_user(request.headers.get("authorization", ""))
    if not given:
        return
    known = world().write_key()
    given_bytes = str(given).encode(errors="replace")
    if known is None or not hmac.compare_digest(given_bytes, known.encode()):
        words = "is not this deployment's write key; correct it or leave it out"
        raise WriteKeyError(FieldError("writeKey", words))


def _basic_user(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return "not base64"  # a key was given, and it is not the right one
