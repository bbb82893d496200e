"""The public endpoints of tracking: events in Segment's format, the pixel, the tracker script."""

import re
from collections.abc import Mapping, Set
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.capture.items import Call
from chalicelib.capture.screening.agents import BOTS, ON_PAGES, Agent, agent_of
from chalicelib.capture.screening.verdict import ScreenReason
from chalicelib.errors import InputError
from chalicelib.http.auth import check_write_key
from chalicelib.http.exchange import (
    CORS,
    READ,
    current_request,
    is_prefetch,
    json_answer,
    query_of,
    unzipped_json_of,
    warnings_in,
)
from chalicelib.http.problem import answers_problems, code_of, status_of
from chalicelib.inputs.repairs import Cleaned, Warned, warn
from chalicelib.limits import BATCH_BODY_MAX_BYTES, EVENT_BODY_MAX_BYTES
from chalicelib.switches import Switch
from chalicelib.telemetry import log
from chalicelib.wiring.world import world

tracking = Blueprint(__name__)

#: The body is JSON whatever a client calls it: text needs no preflight request, and RudderStack's
#: Node client says url-encoded of its gzip (ADR 0042).
ANY_TYPE = ["*/*"]
POST = {"methods": ["POST"], "content_types": ANY_TYPE, "cors": CORS}
TRACKER_CACHE_SECONDS = 3600
TRACKER_PARTS = ("visitor.js", "consent.js", "recording.js")  # of one function, in this order
COMMENT = re.compile(r"^ *//[^\n]*$|/\*.*?\*/", re.MULTILINE | re.DOTALL)
#: A blank beside a sign, and a line end after one that ends no statement.
BLANKS = re.compile(r"\s*\n\s*(?=[.|}&?])|(?<=[;{},()])\s*\n\s*| *([=<>{}(),;|&?:+*!-]) *")


@answers_problems
def track_batch() -> Response:
    """Take a batch of events: keep the good items and list the others."""
    request = current_request(tracking)
    if _is_shed() or _is_of_bot(request):
        return json_answer({"success": True})
    body = unzipped_json_of(request, BATCH_BODY_MAX_BYTES)
    check_write_key(request, body.value)
    taken = world().tracking.batch(body.value, is_seen=not is_prefetch(request))
    if taken.rejected:
        log("rejected", count=len(taken.rejected))
    listed = {"rejected": [_rejected(*one) for one in taken.rejected]} if taken.rejected else {}
    return json_answer(
        {"success": True, **listed, **warnings_in([*_said_of(body), *taken.warnings])}
    )


@answers_problems
def track_event() -> Response:
    """Take one track event."""
    return _take_one(Call.TRACK)


@answers_problems
def track_page() -> Response:
    """Take one page view."""
    return _take_one(Call.PAGE)


@answers_problems
def track_screen() -> Response:
    """Take one view of an app's screen: a page view."""
    return _take_one(Call.SCREEN)


@answers_problems
def identify_visitor() -> Response:
    """Take one identify: with an email trait, an unconfirmed form post without consent."""
    return _take_one(Call.IDENTIFY)


@answers_problems
def group_visitor() -> Response:
    """Take one group: what it says of the company, an identify says of its person."""
    return _take_one(Call.GROUP)


@answers_problems
def alias_visitor() -> Response:
    """Take one alias: that two ids are one person's."""
    return _take_one(Call.ALIAS)


@answers_problems
def drop_metrics() -> Response:
    """Answer Segment's browser client, which reports how it fares: nobody here reads it."""
    return json_answer({"success": True})


VIEWS = {
    track_batch: ("/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"),
    track_event: ("/v1/track", "/v1/t"),
    track_page: ("/v1/page", "/v1/p"),
    track_screen: ("/v1/screen", "/v1/s"),
    identify_visitor: ("/v1/identify", "/v1/i"),
    group_visitor: ("/v1/group", "/v1/g"),
    alias_visitor: ("/v1/alias", "/v1/a"),
    drop_metrics: ("/v1/m",),
}
"""View -> the paths that clients post to: Segment's own, those of its browser client, and that of
RudderStack's beacon."""

for view, paths in VIEWS.items():
    for path in paths:
        tracking.route(path, **POST)(view)


@tracking.route("/v1/projects/{write_key}/settings", methods=READ, cors=CORS)
@answers_problems
def show_segment_settings(write_key: str) -> Response:
    """Tell Segment's browser client that it has nothing to load, and where to post (ADR 0042)."""
    protocol, _, host = str(world().deployment().get("api_url", "")).partition("://")
    own = {"apiKey": write_key, "apiHost": f"{host}/v1", "protocol": protocol}
    return json_answer({"integrations": {"Segment.io": own}})


@tracking.route("/sourceConfig", methods=READ, cors=CORS)
@answers_problems
def show_rudderstack_config() -> Response:
    """Tell RudderStack's browser client that it has nothing to load (ADR 0042)."""
    key = query_of(current_request(tracking)).get("writeKey", "")
    source = {"id": "baton", "name": "Baton", "writeKey": key, "enabled": True}
    return json_answer({"source": {**source, "config": {}, "destinations": []}})


@tracking.route("/v1/pixel", methods=READ)
@answers_problems
def track_pixel() -> Response:
    """Take a page view of a page without scripts.

    The answer is 204, because a picture would need a request whose Accept header matches it. HEAD
    and a browser that fetches ahead record nothing, as nobody has seen the page.
    """
    request = current_request(tracking)
    query = query_of(request)
    check_write_key(request, query)
    is_seen = request.method == "GET" and not is_prefetch(request)
    if is_seen and not (_is_shed() or _is_of_bot(request, ON_PAGES)):
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
    body = BLANKS.sub(lambda found: found[1] or "", COMMENT.sub("", parts)).strip()
    return f"(function(){{'use strict';{body}}})();\n"


def _is_shed() -> bool:
    """Return whether pings are dropped: an operator has turned tracking off (ADR 0039).

    Asked before the body is read: the less a flood costs, the more is left for forms.
    """
    off = world().switchboard.off(Switch.TRACKING)
    if off is not None:
        log("held_back", switch=off.switch)
    return off is not None


def _is_of_bot(request: Request, bots: Set[Agent] = BOTS) -> bool:
    """Return whether a machine that says so sends a ping: it is answered as any other, and dropped.

    Before the body is read, as most browsers are told by one short pattern (ADR 0044).
    """
    is_bot = agent_of(str(request.headers.get("user-agent", ""))) in bots
    if is_bot:
        log("screened", kind="ping", reason=ScreenReason.KNOWN_BOT)
    return is_bot


def _take_one(call: Call) -> Response:
    request = current_request(tracking)
    if _is_shed() or _is_of_bot(request):
        return json_answer({"success": True})
    body = unzipped_json_of(request, EVENT_BODY_MAX_BYTES)
    check_write_key(request, body.value)
    warnings = world().tracking.one(body.value, call, is_seen=not is_prefetch(request))
    return json_answer({"success": True, **warnings_in([*_said_of(body), *warnings])})


def _said_of(body: Cleaned[Any]) -> list[Warned]:
    """Return what there is to say of a body, and of what was none of JSON's values in it."""
    return [*(warn("body", repair) for repair in body.repairs), *body.inside]


def _rejected(index: int, error: InputError) -> dict[str, Any]:
    """Return what an answer says of an item that is not kept."""
    code = code_of(status_of(error))
    return {"index": index, "reason": str(error), "code": code, "message": str(error)}


def _record_page_view(query: Mapping[str, str]) -> None:
    properties = {name: query[name] for name in ("url", "referrer") if query.get(name)}
    ids = {name: query[name] for name in ("anonymousId", "userId") if query.get(name)}
    try:
        world().tracking.one({**ids, "properties": properties}, Call.PAGE)
    except InputError as error:
        raise error.renamed(lambda field: field.removeprefix("properties.")) from None
