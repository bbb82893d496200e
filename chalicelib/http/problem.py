"""Every refusal as `application/problem+json` (RFC 9457), by one table from errors to answers."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec

from chalice.app import Request, Response

from chalicelib.errors import (
    AuthError,
    BatonError,
    ConflictError,
    FieldError,
    ForbiddenError,
    InputError,
    KeyReusedError,
    NotFoundError,
    NotRemovableError,
    OriginError,
    RefusedDocumentError,
    StateError,
    TooLargeError,
    VersionChangedError,
    WriteKeyError,
)
from chalicelib.telemetry import log, where

PROBLEM_JSON = "application/problem+json"
Arguments = ParamSpec("Arguments")

# The first match counts: a subclass stands above its parent.
STATUS: Sequence[tuple[type[BatonError], HTTPStatus]] = (
    (TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (OriginError, HTTPStatus.FORBIDDEN),
    (KeyReusedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotRemovableError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (WriteKeyError, HTTPStatus.UNAUTHORIZED),
    (InputError, HTTPStatus.BAD_REQUEST),
    (AuthError, HTTPStatus.UNAUTHORIZED),
    (ForbiddenError, HTTPStatus.FORBIDDEN),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (StateError, HTTPStatus.CONFLICT),
    (VersionChangedError, HTTPStatus.PRECONDITION_FAILED),
    (RefusedDocumentError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ConflictError, HTTPStatus.SERVICE_UNAVAILABLE),  # eight tries lost: the table is busy
)


def problem(status: HTTPStatus, detail: str, errors: Sequence[FieldError] = ()) -> Response:
    """Return a problem answer. errors: the fields that are refused."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        # RudderStack's clients read these two: without them its Python client repeats what was
        # refused, and its queue stands still (ADR 0042).
        "code": code_of(status),
        "message": "; ".join(map(str, errors)) or detail,
    }
    if errors:
        body["errors"] = [asdict(error) for error in errors]
    headers: dict[str, str | list[str]] = {"Content-Type": PROBLEM_JSON}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(body=json.dumps(body), status_code=status.value, headers=headers)


def code_of(status: HTTPStatus) -> str:
    """Return the word for a status in the bodies of problems, for example `bad_request`."""
    return status.name.lower()


def problem_of(error: BatonError) -> Response:
    """Return the problem answer of an error that Baton raised."""
    errors = error.errors if isinstance(error, InputError | RefusedDocumentError) else ()
    detail = "the request was refused; see errors" if errors else str(error)
    return problem(status_of(error), detail, errors)


def status_of(error: BatonError) -> HTTPStatus:
    """Return the status that an error of Baton is answered with."""
    return next(
        (status for kind, status in STATUS if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def answers_problems(view: Callable[Arguments, Any]) -> Callable[Arguments, Any]:
    """Answer the errors of a view with problems.

    Chalice's middleware cannot do it: it sees Chalice's own answer to an exception, not the
    exception.
    """

    @wraps(view)
    def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Any:
        try:
            return view(*args, **kwargs)
        except BatonError as error:
            log("refused", view=view.__name__, error=type(error).__name__)
            return problem_of(error)
        # A bug or an outage: the caller gets an answer, the log its kind and place, never a body.
        except Exception as error:  # noqa: BLE001
            log("unhandled", view=view.__name__, error=type(error).__name__, where=where(error))
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong on our side")

    return wrapped


def from_chalice(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Turn Chalice's own refusals (a wrong content type, a wrong method) into problems."""
    response = get_response(request)
    body = response.body
    if not isinstance(body, dict) or "Code" not in body:
        return response
    status = HTTPStatus(response.status_code)
    message = str(body.get("Message", ""))
    is_media_type = status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    errors = [FieldError("Content-Type", message)] if is_media_type else []
    made = problem(status, message, errors)
    made.headers = {**response.headers, **made.headers}
    return made
