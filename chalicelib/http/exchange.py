"""What a request brings, and how an answer goes out. Knows no use case."""

import json
import zlib
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, CORSConfig, Request, Response

from chalicelib.errors import FieldError, InputError, TooLargeError
from chalicelib.limits import BATCH_BODY_MAX_BYTES, COMMAND_BODY_MAX_BYTES
from chalicelib.telemetry import current_trace

if TYPE_CHECKING:
    from chalicelib.inputs import Shape

JSON = "application/json"
PLAIN_TEXT = "text/plain"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
CORS = CORSConfig(allow_origin="*", allow_headers=["Idempotency-Key"])
GZIP_MAGIC = b"\x1f\x8b"


def with_request_id(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Let an answer name the trace under which our log lines speak of it (ADR 0033)."""
    response = get_response(request)
    trace = current_trace()
    if trace is not None:
        response.headers["X-Request-Id"] = trace
    return response


def current_request(blueprint: Blueprint) -> Request:
    """Return the request that a view of the blueprint answers."""
    request = blueprint.current_request
    assert request is not None, "a view runs in a request"
    return request


def query_of(request: Request) -> dict[str, str]:
    """Return the query parameters, the last value of each."""
    return dict(request.query_params or {})


def body_of(request: Request) -> bytes:
    """Return the body's bytes, whether the gateway passed them on as text or not."""
    body = request.raw_body
    return body if isinstance(body, bytes) else body.encode(errors="surrogatepass")


def json_of(request: Request, max_bytes: int = COMMAND_BODY_MAX_BYTES) -> Any:
    """Return the JSON of the body. Raise TooLargeError, InputError."""
    # Not at the top: the stream's functions load this module too, and need no pydantic.
    from chalicelib.inputs import parse_json

    return parse_json(body_of(request), max_bytes)


def unzipped_json_of(request: Request, max_bytes: int) -> Any:
    """Return the JSON of a body that may be compressed. Raise TooLargeError, InputError."""
    from chalicelib.inputs import parse_json

    return parse_json(_unzip(body_of(request)), max_bytes)


def shape_of(shape: "type[Shape]", request: Request) -> "Shape":
    """Return the body's JSON in its shape. Raise TooLargeError; InputError for each wrong field."""
    from chalicelib.inputs import parse_as

    return parse_as(shape, json_of(request))


def json_answer(body: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return an answer in JSON."""
    return Response(body=json.dumps(body), status_code=status.value, headers={"Content-Type": JSON})


def private_answer(
    body: Any, status: HTTPStatus = HTTPStatus.OK, content_type: str = JSON
) -> Response:
    """Return an answer in JSON that nothing on its way may cache."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": content_type,
        "Cache-Control": "no-store",
    }
    text = json.dumps(body, ensure_ascii=False)
    return Response(body=text, status_code=status.value, headers=headers)


def _unzip(body: bytes) -> bytes:
    """Return the body, decompressed if it is gzip.

    Its first bytes decide: a gateway may have decompressed it and left the header. Raise
    TooLargeError before decompressing more than a batch may have, InputError for a broken archive.
    """
    if not body.startswith(GZIP_MAGIC):
        return body
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = unpacker.decompress(body, BATCH_BODY_MAX_BYTES + 1)
    except zlib.error:
        raise InputError(FieldError("body", "is not valid gzip")) from None
    if len(found) > BATCH_BODY_MAX_BYTES:
        words = f"must be at most {BATCH_BODY_MAX_BYTES} bytes after decompression"
        raise TooLargeError(FieldError("body", words))
    if not unpacker.eof:
        raise InputError(FieldError("body", "is incomplete gzip"))
    return found
