"""Every refusal as `application/problem+json` (RFC 9457), from one table of errors to answers."""

import json
from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec

from chalice.app import Request, Response

from chalicelib.errors import (
    AuthError,
    BatonError,
    ConflictError,
    FieldError,
    InputError,
    KeyReusedError,
    NotFoundError,
    StateError,
    TooLargeError,
    WriteKeyError,
)
from chalicelib.telemetry import log, where

PROBLEM_JSON = "application/problem+json"
Params = ParamSpec("Params")

# The first that fits; a subclass stands above its parent.
STATUS: Sequence[tuple[type[BatonError], HTTPStatus]] = (
    (TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (KeyReusedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (WriteKeyError, HTTPStatus.UNAUTHORIZED),
    (InputError, HTTPStatus.BAD_REQUEST),
    (AuthError, HTTPStatus.UNAUTHORIZED),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (StateError, HTTPStatus.CONFLICT),
    (ConflictError, HTTPStatus.SERVICE_UNAVAILABLE),  # eight tries lost: busy, not wrong
)


def problem(status: HTTPStatus, detail: str, errors: Sequence[FieldError] = ()) -> Response:
    """A problem answer. errors: the fields that are refused."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }
    if errors:
        body["errors"] = [{"field": error.field, "message": error.message} for error in errors]
    headers: dict[str, str | list[str]] = {"Content-Type": PROBLEM_JSON}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(body=json.dumps(body), status_code=status.value, headers=headers)


def problem_of(error: BatonError) -> Response:
    """The problem answer of one of our errors."""
    errors = error.errors if isinstance(error, InputError) else ()
    detail = "the request was refused; see errors" if errors else str(error)
    return problem(status_of(error), detail, errors)


def status_of(error: BatonError) -> HTTPStatus:
    """The status that one of our errors is answered with."""
    return next(
        (status for kind, status in STATUS if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def answers(view: Callable[Params, Any]) -> Callable[Params, Any]:
    """A view whose errors become problem answers. Chalice's middleware never sees the exception
    itself.
    """

    @wraps(view)
    def wrapped(*args: Params.args, **kwargs: Params.kwargs) -> Any:
        try:
            return view(*args, **kwargs)
        except BatonError as error:
            log("refused", view=view.__name__, error=type(error).__name__)
            return problem_of(error)
        except Exception as error:  # noqa: BLE001  a bug or an outage: the caller gets an answer, the log its kind, nobody a body
            log("unhandled", view=view.__name__, error=type(error).__name__, where=where(error))
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong on our side")

    return wrapped


def from_chalice(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: Chalice's own refusals (a wrong content type, a wrong method) as problems too."""
    response = get_response(request)
    body = response.body
    if not isinstance(body, dict) or "Code" not in body:
        return response
    status, message = HTTPStatus(response.status_code), str(body.get("Message", ""))
    errors = (
        [FieldError("Content-Type", message)] if status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE else []
    )
    made = problem(status, message, errors)
    made.headers = {**response.headers, **made.headers}
    return made
