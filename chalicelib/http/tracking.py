"""The public endpoints of tracking: events in Segment's format, the pixel, the tracker script."""

import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path

from chalice.app import Blueprint, Response

from chalicelib.errors import InputError
from chalicelib.http.auth import check_write_key
from chalicelib.http.exchange import (
    CORS,
    JSON,
    PLAIN_TEXT,
    READ,
    URLENCODED,
    current_request,
    json_answer,
    query_of,
    unzipped_json_of,
    warnings_in,
)
from chalicelib.http.problem import answers_problems
from chalicelib.limits import BATCH_BODY_MAX_BYTES, EVENT_MAX_BYTES
from chalicelib.switches import Switch
from chalicelib.telemetry import log
from chalicelib.wiring.world import world

tracking = Blueprint(__name__)

# Text needs no preflight request, and RudderStack's Node client says url-encoded of its gzip.
AS_JSON = [JSON, PLAIN_TEXT, URLENCODED]
TRACKER_CACHE_SECONDS = 3600
TRACKER_PARTS = ("visitor.js", "consent.js", "recording.js")  # of one function, in this order
COMMENT = re.compile(r"^ *//[^\n]*$|/\*.*?\*/", re.MULTILINE | re.DOTALL)
#: A blank beside a sign, and a line end after one that ends no statement.
BLANKS = re.compile(r"\s*\n\s*(?=[.|}&?])|(?<=[;{},(])\s*\n\s*| *([=<>{}(),;|&?:+*!-]) *")


@tracking.route("/v1/batch", methods=["POST"], content_types=AS_JSON, cors=CORS)
@answers_problems
def track_batch() -> Response:
    """Take a batch of events: keep the good items and list the others."""
    if _is_shed():
        return json_answer({"success": True})
    request = current_request(tracking)
    data = unzipped_json_of(request, BATCH_BODY_MAX_BYTES)
    check_write_key(request, data)
    rejected, warnings = world().tracking.batch(data)
    if rejected:
        log("rejected", count=len(rejected))
    listed = {"rejected": rejected} if rejected else {}
    return json_answer({"success": True, **listed, **warnings_in(warnings)})


@tracking.route("/v1/track", methods=["POST"], content_types=AS_JSON, cors=CORS)
@answers_problems
def track_event() -> Response:
    """Take one track event."""
    return _take_one("track")


@tracking.route("/v1/page", methods=["POST"], content_types=AS_JSON, cors=CORS)
@answers_problems
def track_page() -> Response:
    """Take one page view."""
    return _take_one("page")


@tracking.route("/v1/identify", methods=["POST"], content_types=AS_JSON, cors=CORS)
@answers_problems
def identify_visitor() -> Response:
    """Take one identify: with an email trait, an unconfirmed form post without consent."""
    return _take_one("identify")


@tracking.route("/v1/pixel", methods=READ)
@answers_problems
def track_pixel() -> Response:
    """Take a page view of a page without scripts.

    The answer is 204, because a picture would need a request whose Accept header matches it. A
    HEAD request records nothing, as nobody has seen the page.
    """
    request = current_request(tracking)
    query = query_of(request)
    check_write_key(request, query)
    if request.method == "GET" and not _is_shed():
        _record_page_view(query)
    return Response(body="", status_code=HTTPStatus.NO_CONTENT.value)


@tracking.route("/t.js", methods=READ, cors=CORS)
@answers_problems
def serve_tracker() -> Response:
    """Return the tracker script."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/javascript; charset=utf-8",
        "Cache-Control": f"public, max-age={TRACKER_CACHE_SECONDS}",
    }
    return Response(body=tracker_source(), status_code=HTTPStatus.OK.value, headers=headers)


@cache
def tracker_source() -> str:
    """Return the tracker: its parts, joined into one function that leaks no name but `baton`.

    Every visitor loads it, so it leaves out what is there for those who change it: comments, blank
    lines and indentation.
    """
    folder = Path(__file__).with_name("tracker")  # beside the route that serves it: ADR 0010
    parts = "\n".join((folder / name).read_text() for name in TRACKER_PARTS)
    body = BLANKS.sub(lambda found: found[1] or "", COMMENT.sub("", parts))
    return f"(function(){{'use strict';{body}}})();\n"


def _is_shed() -> bool:
    """Return whether pings are dropped: an operator has turned tracking off (ADR 0039).

    Asked before the body is read: the less a flood costs, the more is left for forms.
    """
    off = world().switchboard.off(Switch.TRACKING)
    if off is not None:
        log("held_back", switch=off.switch)
    return off is not None


def _take_one(kind: str) -> Response:
    if _is_shed():
        return json_answer({"success": True})
    request = current_request(tracking)
    data = unzipped_json_of(request, EVENT_MAX_BYTES)
    check_write_key(request, data)
    warnings = world().tracking.one(data, kind)
    return json_answer({"success": True, **warnings_in(warnings)})


def _record_page_view(query: Mapping[str, str]) -> None:
    properties = {name: query[name] for name in ("url", "referrer") if query.get(name)}
    item = {"anonymousId": query.get("anonymousId"), "properties": properties}
    try:
        world().tracking.one(item, "page")
    except InputError as error:
        raise error.renamed(lambda field: field.removeprefix("properties.")) from None
