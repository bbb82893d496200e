"""Access: the roles of each private route, and the public write key."""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.acting import acting_as
from chalicelib.access.tokens import Caller, Role
from chalicelib.errors import FieldError, ForbiddenError, WriteKeyError
from chalicelib.http.exchange import JSON, check_query, current_request, query_of
from chalicelib.http.own_leads import check_own
from chalicelib.http.problem import answers_problems
from chalicelib.wiring.world import world

PrivateView = Callable[..., Response]

ROLES = "roles"  # the attribute of a private view that holds its roles
CALLER = "caller"  # where a request's context holds who sends it
LEAD = "lead_id"  # the variable of a path, or of a query, that names a lead
AN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def private(
    blueprint: Blueprint,
    path: str,
    *roles: Role,
    methods: Sequence[str] = ("GET",),
    content_types: Sequence[str] = (JSON,),
    query: Sequence[str] = (),
    is_journaled: bool = False,
) -> Callable[[PrivateView], PrivateView]:
    """Register a view as a private route, for these roles.

    query: the parameters that it takes; any other is refused, since a misspelt one must not pass
    unnoticed. The token is checked before anything of the request is read; a salesperson's only
    opens the leads that they see. Every write is noted in the journal; is_journaled: so is this
    read. The view is called with the request and the path's variables; its errors become problem
    answers.
    """

    def register(view: PrivateView) -> PrivateView:
        @wraps(view)
        def authorized(**variables: str) -> Response:
            request = current_request(blueprint)
            caller = world().access.caller(str(request.headers.get("authorization", "")))
            if not caller.may(frozenset(roles)):
                raise ForbiddenError(f"a token of the role {caller.role} may not do this")
            check_query(request, query)
            for lead_id in filter(None, (variables.get(LEAD), query_of(request).get(LEAD))):
                check_own(caller, lead_id)
            request.context[CALLER] = caller
            if not (is_journaled or request.method != "GET"):
                return view(request, **variables)
            # Before the act: one that cannot be noted is not done. ADR 0072
            journal = world().journal
            entry = journal.begin(caller, f"{request.method} {path}", _ids(variables))
            with acting_as(caller.person or caller.name):
                answer: Response = answers_problems(view)(request, **variables)
            journal.end(entry, answer.status_code)
            return answer

        setattr(authorized, ROLES, frozenset(roles))
        route = blueprint.route(path, methods=list(methods), content_types=list(content_types))
        route(answers_problems(authorized))
        return view

    return register


def roles_of(view: Callable[..., Any]) -> frozenset[Role]:
    """Return the roles that may call a view, none for a public one."""
    roles: frozenset[Role] = getattr(view, ROLES, frozenset())
    return roles


def caller_of(request: Request) -> Caller:
    """Return who sends a private request."""
    caller: Caller = request.context[CALLER]
    return caller


def author_of(request: Request) -> str:
    """Return who sends a request, as it is kept with what they store: the name of their token."""
    return caller_of(request).name


def _ids(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the ids of a path, without what is not an id: somebody may type an address there."""
    return {name: one if AN_ID.fullmatch(one) else "?" for name, one in variables.items()}


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
