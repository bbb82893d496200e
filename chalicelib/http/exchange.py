"""What a request brings, and how an answer goes out. Knows no use case."""

import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, CORSConfig, Request, Response

from chalicelib.errors import FieldError, InputError, TooLargeError
from chalicelib.http.cors import ALLOWED_HEADERS
from chalicelib.inputs.repair_log import count_repairs
from chalicelib.inputs.repairs import Cleaned
from chalicelib.limits import COMMAND_BODY_MAX_BYTES, FORM_MAX_WARNINGS, REASON_MAX_CHARS
from chalicelib.telemetry import current_trace

if TYPE_CHECKING:
    from chalicelib.inputs.typed import Shape

JSON = "application/json"
PLAIN_TEXT = "text/plain"
YAML = "application/yaml"
HTML = "text/html"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
CORS = CORSConfig(
    allow_origin="*", allow_headers=list(ALLOWED_HEADERS), expose_headers=["Retry-After"]
)
NO_STORE = "no-store"
#: The headers of every answer, unless its view sets stricter ones.
PROTECTION: Mapping[str, str | list[str]] = {
    "Cache-Control": NO_STORE,
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address of a page may hold a token
    "X-Content-Type-Options": "nosniff",
}
#: A year, and not for subdomains: those of the domain's owner are none of ours.
HSTS = "max-age=31536000"
GZIP_MAGIC = b"\x1f\x8b"
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
FETCHING_AHEAD = frozenset({"sec-purpose", "purpose", "x-purpose", "x-moz"})
AHEAD = ("prefetch", "prerender", "preview")
READ = ["GET", "HEAD"]  # the methods of a public route that shows something


def with_request_id(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Let an answer name the trace under which our log lines speak of it (ADR 0031)."""
    response = get_response(request)
    trace = current_trace()
    if trace is not None:
        response.headers["X-Request-Id"] = trace
    return response


def protect(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Let every answer, also a refusal, say what browsers and caches may do with it (ADR 0038)."""
    response = get_response(request)
    headers = {**PROTECTION, **response.headers}
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        headers["Cache-Control"] = NO_STORE  # whatever its view says of an answer that succeeds
    if _is_own_domain(request.context):
        headers["Strict-Transport-Security"] = HSTS
    response.headers = headers
    return response


def _is_own_domain(context: Mapping[str, Any]) -> bool:
    """Return whether a request came by the domain of the deployment's owner. The name that API
    Gateway gives begins with the API's id, and is not ours to make promises for.
    """
    name = context.get("domainName")
    return bool(name) and not str(name).startswith(f"{context.get('apiId')}.")


def current_request(blueprint: Blueprint) -> Request:
    """Return the request that a view of the blueprint answers."""
    request = blueprint.current_request
    assert request is not None, "a view runs in a request"
    return request


def query_of(request: Request) -> dict[str, str]:
    """Return the query parameters, the last value of each."""
    return dict(request.query_params or {})


def check_query(request: Request, names: Sequence[str]) -> None:
    """Raise InputError naming each query parameter that is none of the names."""
    words = f"there is no such parameter; known here: {', '.join(names) or 'none'}"
    if unknown := [FieldError(name, words) for name in query_of(request) if name not in names]:
        raise InputError(*unknown)


def version_of(request: Request) -> int | None:
    """Return the version that the query asks for, None without one. Raise InputError."""
    text = query_of(request).get("version")
    number = whole_number(text) if text is not None else None
    if text is not None and number is None:
        raise InputError(FieldError("version", "must be a whole number"))
    return number


def whole_number(text: str) -> int | None:
    """Return the number that a text writes in at most nine digits; None for any other text."""
    return int(text) if WHOLE_NUMBER.fullmatch(text) else None


def note_of(request: Request) -> str:
    """Return the note of a change: a query parameter, because the body is the document.

    Raise InputError.
    """
    return reason_in("note", query_of(request).get("note", ""))


def reason_in(field: str, text: str) -> str:
    """Return a reason in one line, without surrounding blanks. Raise InputError."""
    from chalicelib.inputs.texts import one_line

    try:
        reason = one_line(text)
    except ValueError as error:
        raise InputError(FieldError(field, str(error))) from None
    if len(reason) > REASON_MAX_CHARS:
        words = f"is too long; at most {REASON_MAX_CHARS} characters are allowed"
        raise InputError(FieldError(field, words))
    return reason


def body_of(request: Request) -> bytes:
    """Return the body's bytes, whether the gateway passed them on as text or not."""
    body = request.raw_body
    return body if isinstance(body, bytes) else body.encode(errors="surrogatepass")


def content_type_of(request: Request) -> str:
    """Return the body's content type without its parameters, JSON when none is named."""
    return str(request.headers.get("content-type", JSON)).partition(";")[0].strip().lower()


def json_of(request: Request, max_bytes: int = COMMAND_BODY_MAX_BYTES) -> Any:
    """Return the JSON of the body. Raise TooLargeError, InputError."""
    # Not at the top: the stream's functions load this module too, and need no pydantic.
    from chalicelib.inputs.bodies import parse_json

    return parse_json(body_of(request), max_bytes)


def object_of(request: Request, max_bytes: int) -> dict[str, Any]:
    """Return the JSON object of the body. Raise TooLargeError, InputError."""
    body = json_of(request, max_bytes)
    if not isinstance(body, dict):
        raise InputError(FieldError("body", "must be a JSON object"))
    return body


def check_keys(body: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise InputError naming each unknown key: a misspelt one must not pass unnoticed."""
    from chalicelib.document import ERRORS_MAX  # and pydantic, which the other functions spare

    words = f"is not a known key; the keys are {', '.join(known) or 'none'}"
    if unknown := [FieldError(key, words) for key in body if key not in known]:
        raise InputError(*unknown[:ERRORS_MAX])


def check_no_keys(request: Request) -> None:
    """Raise TooLargeError, InputError for a body that says anything."""
    if body_of(request):
        check_keys(object_of(request, COMMAND_BODY_MAX_BYTES), ())


def unzipped_body_of(request: Request, max_bytes: int) -> bytes:
    """Return the body's bytes, decompressed if they are gzip.

    Its first bytes decide: a gateway may have decompressed it and left the header. No more is
    decompressed than may be: max_bytes. Raise TooLargeError, and InputError for a broken archive.
    """
    body = body_of(request)
    if not body.startswith(GZIP_MAGIC):
        return body
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = unpacker.decompress(body, max_bytes + 1)
    except zlib.error:
        raise InputError(FieldError("body", "is not valid gzip")) from None
    if len(found) > max_bytes:
        words = f"must be at most {max_bytes} bytes after decompression"
        raise TooLargeError(FieldError("body", words))
    if not unpacker.eof:
        raise InputError(FieldError("body", "is incomplete gzip"))
    return found


def unzipped_json_of(request: Request, max_bytes: int) -> Cleaned[Any]:
    """Return the JSON of a stranger's body, which may be compressed, as far as it can be read.

    Raise TooLargeError, InputError.
    """
    from chalicelib.inputs.bodies import read_json

    return read_json(unzipped_body_of(request, max_bytes), max_bytes)


def shape_of(shape: "type[Shape]", request: Request) -> "Shape":
    """Return the body's JSON in its shape. Raise TooLargeError; InputError for each wrong field."""
    from chalicelib.inputs.typed import parse_as

    return parse_as(shape, json_of(request))


def json_answer(body: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return an answer in JSON."""
    return Response(body=json.dumps(body), status_code=status.value, headers={"Content-Type": JSON})


def warnings_in(warnings: Sequence[FieldError]) -> dict[str, Any]:
    """Return what an answer says of repaired values: nothing, or its key `warnings`.

    Each kind of repair is counted, without the value (ADR 0040).
    """
    count_repairs(warnings)
    more = len(warnings) - FORM_MAX_WARNINGS
    shown = warnings if more <= 0 else warnings[: FORM_MAX_WARNINGS - 1]
    listed = [{"field": one.field, "message": one.message} for one in shown]
    if more > 0:  # a short body can hold many odd values, and an answer has a limit of its own
        listed.append({"field": "body", "message": f"there are {more + 1} more warnings"})
    return {"warnings": listed} if listed else {}


def private_answer(
    body: Any,
    status: HTTPStatus = HTTPStatus.OK,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer in JSON. headers: more of them."""
    text = json.dumps(body, ensure_ascii=False)
    return private_text(text, content_type, status, headers)


def private_text(
    text: str,
    content_type: str,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer in text. headers: more of them."""
    every: dict[str, str | list[str]] = {"Content-Type": content_type, **(headers or {})}
    return Response(body=text, status_code=status.value, headers=every)


def prefers(request: Request, one: str, other: str) -> bool:
    """Return whether Accept weighs one content type above another."""
    weights = {one: 0.0, other: 0.0}
    for part in str(request.headers.get("accept", "")).split(","):
        name, _, rest = part.partition(";")
        if name.strip().lower() in weights:
            weights[name.strip().lower()] = _weight(rest)
    return weights[one] > weights[other]


def _weight(parameters: str) -> float:
    _, _, value = parameters.strip().partition("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0


def is_prefetch(request: Request) -> bool:
    """Return whether a browser fetches ahead what its user may never look at.

    Chromium says so in Sec-Purpose, older ones in Purpose, Firefox in X-Moz, Safari in X-Purpose.
    """
    if FETCHING_AHEAD.isdisjoint(request.headers):  # whose names are in lower case
        return False
    said = (str(request.headers.get(name, "")) for name in FETCHING_AHEAD)
    return any(word in value.lower() for value in said for word in AHEAD)


def answer_head(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Answer a HEAD request as the GET, without the body (RFC 9110, section 9.3.2)."""
    response = get_response(request)
    if request.method == "HEAD":
        response.body = ""
    return response
