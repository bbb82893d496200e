"""The public endpoints: forms, tracking, the pixel, the tracker, unsubscribe. No secret is needed
for any.
"""

import base64
import binascii
import hmac
import json
import re
import zlib
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chalice.app import Blueprint, CORSConfig, Request, Response

from chalicelib.errors import FieldError, InputError, NotFoundError, TooLargeError, WriteKeyError
from chalicelib.http import pages
from chalicelib.http.private import body_of
from chalicelib.http.problem import answers, status_of
from chalicelib.limits import BATCH_BODY_MAX_BYTES, EVENT_MAX_BYTES
from chalicelib.telemetry import log
from chalicelib.wiring.world import world

public = Blueprint(__name__)

JSON, TEXT = "application/json", "text/plain"
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
CORS = CORSConfig(allow_origin="*", allow_headers=["Idempotency-Key"])
FORM_ID = re.compile(r"[a-z0-9_-]{1,64}")
GZIP_MAGIC = b"\x1f\x8b"
TRACKER_CACHE_SECONDS = 3600
TRACKER_PARTS = ("visitor.js", "recording.js")  # of one function, in this order


@public.route("/v1/forms/{form_id}", methods=["POST"], content_types=[JSON, URLENCODED], cors=CORS)
@answers
def submit_form(form_id: str) -> Response:
    """A form submission, as JSON or as a browser's url-encoded post."""
    if not FORM_ID.fullmatch(form_id):
        raise NotFoundError("a form id has 1 to 64 letters a-z, digits, - and _")
    request = _request()
    check_write_key(request, None)
    flat = _content_type(request) == URLENCODED
    from_browser = _prefers_html(request)
    from chalicelib.capture.parsing import parse_submission  # not on the path of a ping

    try:
        submission = parse_submission(
            body_of(request), flat=flat, key=request.headers.get("idempotency-key")
        )
        receipt = world().forms.submit(form_id, submission)
    except InputError as error:
        if flat and from_browser:
            posted = error.renamed(lambda field: field.removeprefix("fields."))
            return pages.form_errors(posted.errors, status_of(error))
        raise
    if from_browser:
        form = world().forms.form(form_id)
        return _see_other(form.thank_you_url if form and form.thank_you_url else "../../thanks")
    return _json(
        {
            "status": "accepted",
            "submission_id": receipt.submission_id,
            "visitor_id": receipt.visitor_id,
        },
        HTTPStatus.ACCEPTED,
    )


@public.route("/v1/batch", methods=["POST"], content_types=[JSON, TEXT], cors=CORS)
@answers
def track_batch() -> Response:
    """A batch of tracking events; good items are kept, the others listed."""
    request = _request()
    data = _parse_json(request, BATCH_BODY_MAX_BYTES)
    check_write_key(request, data)
    rejected = world().tracking.batch(data)
    if rejected:
        log("rejected", count=len(rejected))
    return _json({"success": True} | ({"rejected": rejected} if rejected else {}))


@public.route("/v1/track", methods=["POST"], content_types=[JSON, TEXT], cors=CORS)
@answers
def track() -> Response:
    """One track event."""
    return _track_one("track")


@public.route("/v1/page", methods=["POST"], content_types=[JSON, TEXT], cors=CORS)
@answers
def page() -> Response:
    """One page view."""
    return _track_one("page")


@public.route("/v1/identify", methods=["POST"], content_types=[JSON, TEXT], cors=CORS)
@answers
def identify() -> Response:
    """One identify: with an e-mail trait, an unconfirmed form post without consent."""
    return _track_one("identify")


@public.route("/v1/pixel", methods=["GET"])
@answers
def pixel() -> Response:
    """A page view for pages without scripts. 204: a picture would need an Accept header that
    matches it.
    """
    request = _request()
    query: dict[str, str] = dict(request.query_params or {})
    check_write_key(request, query)
    properties = {name: query[name] for name in ("url", "referrer") if query.get(name)}
    try:
        world().tracking.one(
            {"anonymousId": query.get("anonymousId"), "properties": properties}, "page"
        )
    except InputError as error:
        raise error.renamed(lambda field: field.removeprefix("properties.")) from None
    return Response(
        body="", status_code=HTTPStatus.NO_CONTENT.value, headers={"Cache-Control": "no-store"}
    )


@public.route("/v1/health", methods=["GET"], cors=CORS)
@answers
def health() -> Response:
    """That requests are served."""
    return _json({"status": "ok"})


@public.route("/t.js", methods=["GET"], cors=CORS)
@answers
def tracker() -> Response:
    """The tracker script."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/javascript; charset=utf-8",
        "Cache-Control": f"public, max-age={TRACKER_CACHE_SECONDS}",
    }
    return Response(body=tracker_source(), status_code=HTTPStatus.OK.value, headers=headers)


@public.route("/thanks", methods=["GET"])
@answers
def thanks() -> Response:
    """The built-in thank-you page."""
    return pages.thank_you()


@public.route("/u/{token}", methods=["GET"])
@answers
def ask_unsubscribe(token: str) -> Response:
    """The unsubscribe page; changes nothing."""
    try:
        _unsubscriber(token)
    except NotFoundError:
        return pages.not_valid()
    return pages.unsubscribe()


@public.route("/u/{token}", methods=["POST"], content_types=[URLENCODED, MULTIPART, JSON, TEXT])
@answers
def unsubscribe(token: str) -> Response:
    """Unsubscribe: the page's button, or a mail program's one click (RFC 8058). No cookie, no
    redirect.
    """
    try:
        lead_id = _unsubscriber(token)
    except NotFoundError:
        return pages.not_valid()
    world().unsubscribe.unsubscribe(lead_id)
    return pages.unsubscribed()


def check_write_key(request: Request, body: Any) -> None:
    """Raises WriteKeyError for a write key that is not this deployment's. None at all is accepted:
    it is public.

    It stands in the body or query as `writeKey`, or is the user of HTTP basic authentication, as
    Segment's clients do.
    """
    given = body.get("writeKey") if isinstance(body, dict) else None
    given = given or _basic_user(request.headers.get("authorization", ""))
    if not given:
        return
    known = world().write_key()
    if known is None or not hmac.compare_digest(
        str(given).encode(errors="replace"), known.encode()
    ):
        raise WriteKeyError(FieldError("writeKey", "is not ours; leave it out or correct it"))


def unzipped(body: bytes) -> bytes:
    """The body, unpacked if it is gzip (by its first bytes; a gateway may have unpacked it
    already).

    Raises TooLargeError before unpacking more than a batch may have, InputError for a broken
    archive.
    """
    if not body.startswith(GZIP_MAGIC):
        return body
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = unpacker.decompress(body, BATCH_BODY_MAX_BYTES + 1)
    except zlib.error:
        raise InputError(FieldError("body", "is not valid gzip")) from None
    if len(found) > BATCH_BODY_MAX_BYTES:
        raise TooLargeError(
            FieldError("body", f"must be at most {BATCH_BODY_MAX_BYTES} bytes when unpacked")
        )
    if not unpacker.eof:
        raise InputError(FieldError("body", "is not whole gzip"))
    return found


def _track_one(kind: str) -> Response:
    request = _request()
    data = _parse_json(request, EVENT_MAX_BYTES)
    check_write_key(request, data)
    world().tracking.one(data, kind)
    return _json({"success": True})


def _parse_json(request: Request, max_bytes: int) -> Any:
    from chalicelib.inputs import parse_json  # the stream's functions need none of it

    return parse_json(unzipped(body_of(request)), max_bytes)


def _unsubscriber(token: str) -> str:
    from chalicelib.delivery.links import UNSUBSCRIBE

    return world().links.read(UNSUBSCRIBE, token)


def _request() -> Request:
    request = public.current_request
    assert request is not None, "a view runs in a request"
    return request


def _content_type(request: Request) -> str:
    return str(request.headers.get("content-type", JSON)).partition(";")[0].strip().lower()


def _prefers_html(request: Request) -> bool:
    """Whether Accept names text/html above JSON: a browser that will show what we answer."""
    weights = {"text/html": 0.0, JSON: 0.0}
    for part in str(request.headers.get("accept", "")).split(","):
        name, _, rest = part.partition(";")
        if name.strip().lower() in weights:
            weights[name.strip().lower()] = _weight(rest)
    return weights["text/html"] > weights[JSON]


def _weight(parameters: str) -> float:
    _, _, value = parameters.strip().partition("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0


def _basic_user(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return "not base64"  # given, and not ours


def _see_other(url: str) -> Response:
    return Response(body="", status_code=HTTPStatus.SEE_OTHER.value, headers={"Location": url})


def _json(body: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(body=json.dumps(body), status_code=status.value, headers={"Content-Type": JSON})


@cache
def tracker_source() -> str:
    """Return the tracker: its parts, joined into one function that leaks no name but `baton`."""
    folder = Path(__file__).with_name("tracker")
    body = "\n".join((folder / name).read_text() for name in TRACKER_PARTS)
    return f"(function () {{\n'use strict';\n\n{body}}})();\n"
