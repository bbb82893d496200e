"""What the private endpoints share: the token, the query, the body, and an answer that nobody
caches.
"""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from chalice.app import Blueprint, Request, Response

from chalicelib.http.auth import require_token
from chalicelib.limits import COMMAND_BODY_MAX_BYTES
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from pydantic import BaseModel

Asked = TypeVar("Asked", bound="BaseModel")


def authorized(blueprint: Blueprint) -> Request:
    """The current request, which carries the token. Raises AuthError for one that does not."""
    request: Request | None = blueprint.current_request
    assert request is not None, "a view runs in a request"
    require_token(request, world().admin_token)
    return request


def query_of(blueprint: Blueprint) -> dict[str, str]:
    """The query of a request that carries the token. Raises AuthError."""
    return dict(authorized(blueprint).query_params or {})


def sent(blueprint: Blueprint, max_bytes: int = COMMAND_BODY_MAX_BYTES) -> Any:
    """The JSON that a request with the token carries. Raises AuthError, TooLargeError,
    InputError.
    """
    from chalicelib.inputs import parse_json

    return parse_json(body_of(authorized(blueprint)), max_bytes)


def asked(blueprint: Blueprint, kind: type[Asked]) -> Asked:
    """What a request with the token asks for. Raises AuthError; InputError naming each wrong
    field.
    """
    from chalicelib.inputs import parse_as

    return parse_as(kind, sent(blueprint))


def body_of(request: Request) -> bytes:
    """The body's bytes, whatever the gateway made of them."""
    body = request.raw_body
    return body if isinstance(body, bytes) else body.encode(errors="surrogatepass")


def json_answer(
    body: Any, status: HTTPStatus = HTTPStatus.OK, content_type: str = "application/json"
) -> Response:
    """An answer in JSON."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": content_type,
        "Cache-Control": "no-store",
    }
    return Response(
        body=json.dumps(body, ensure_ascii=False), status_code=status.value, headers=headers
    )
