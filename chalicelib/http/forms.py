"""The public endpoint of forms, for scripts and for a browser's own post."""

import re
from http import HTTPStatus
from urllib.parse import urlencode

from chalice.app import Blueprint, Request, Response

from chalicelib.capture.sender import Sender
from chalicelib.errors import ConflictError, InputError, NotFoundError
from chalicelib.http import pages
from chalicelib.http.auth import check_write_key
from chalicelib.http.exchange import (
    CORS,
    HTML,
    JSON,
    MULTIPART,
    PLAIN_TEXT,
    READ,
    URLENCODED,
    content_type_of,
    current_request,
    json_answer,
    prefers,
    query_of,
    unzipped_body_of,
    warnings_in,
)
from chalicelib.http.languages import languages
from chalicelib.http.problem import answers_problems, status_of
from chalicelib.http.shell import LANGUAGE, form_shown
from chalicelib.limits import FORM_BODY_MAX_BYTES
from chalicelib.wiring.world import world

forms = Blueprint(__name__)

FORM_ID = re.compile(r"[a-z0-9_-]{1,64}")
BUILT_IN_THANKS = "../../thanks"  # relative, because the gateway's stage is part of the path


@forms.route(
    "/v1/forms/{form_id}",
    methods=["POST"],
    content_types=[JSON, URLENCODED, MULTIPART, PLAIN_TEXT],
    cors=CORS,
)
@answers_problems
def submit_form(form_id: str) -> Response:
    """Take a form submission: JSON, or a browser's own post."""
    _check_form_id(form_id)
    request = current_request(forms)
    check_write_key(request, None)
    from_browser = prefers(request, HTML, JSON)  # a browser will show the answer
    shows_page = from_browser and content_type_of(request) != JSON
    from chalicelib.capture.parsing import parse_post  # not on the path of a ping

    try:
        body = unzipped_body_of(request, FORM_BODY_MAX_BYTES)
        accepted = world().forms.submit(
            form_id,
            parse_post(body, str(request.headers.get("content-type", JSON))),
            key=request.headers.get("idempotency-key"),
            sender=sender_of(request, wants_page=from_browser),
        )
    except InputError as error:
        if shows_page:
            return pages.show_form_errors(
                request, error.errors, status_of(error), form_shown(form_id)
            )
        raise
    except ConflictError as error:
        if shows_page:
            return pages.show_busy(request, error)
        raise
    said = warnings_in(accepted.warnings)  # counted, whoever reads them
    if from_browser:
        return _see_other(accepted.next_page or _built_in_thanks(request, form_id))
    receipt = accepted.receipt
    return json_answer(
        {
            "status": "accepted",
            "submission_id": receipt.submission_id,
            "visitor_id": receipt.visitor_id,
            **said,
        },
        HTTPStatus.ACCEPTED,
    )


def _built_in_thanks(request: Request, form_id: str) -> str:
    """Return the built-in page, told which form it thanks for and what its page speaks."""
    known = {"form": form_id} if form_shown(form_id) else {}
    hint = query_of(request).get(LANGUAGE)
    query = urlencode({**known, **({LANGUAGE: hint} if hint in languages() else {})})
    return f"{BUILT_IN_THANKS}?{query}" if query else BUILT_IN_THANKS


@forms.route("/v1/forms/{form_id}/token", methods=READ, cors=CORS)
@answers_problems
def give_form_token(form_id: str) -> Response:
    """Return a token of a form, for its hidden field `_token`: the form was opened now."""
    _check_form_id(form_id)
    from chalicelib.wiring.screening import issue_form_token

    return json_answer(issue_form_token(world(), form_id))


def _check_form_id(form_id: str) -> None:
    if not FORM_ID.fullmatch(form_id):
        raise NotFoundError("a form id has 1 to 64 characters: a-z, 0-9, - and _")


def sender_of(request: Request, *, wants_page: bool) -> Sender:
    """Return what a request says of its sender. Its address is what the gateway saw, and not what a
    header says, which anybody can write.
    """
    seen = (request.context or {}).get("identity") or {}
    return Sender(
        origin=request.headers.get("origin"),
        agent=str(request.headers.get("user-agent", "")),
        network=str(seen.get("sourceIp") or ""),
        language=_language_of(str(request.headers.get("accept-language", ""))),
        wants_page=wants_page,
    )


def _language_of(accepted: str) -> str:
    """Return the language that a browser asks for first, or an empty text."""
    first = re.match(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z]{2})?)(?=\s*[-,;]|\s*$)", accepted)
    return first[1] if first else ""


def _see_other(url: str) -> Response:
    # The thank-you page is the owner's own, and may know which page the form stood on.
    headers: dict[str, str | list[str]] = {
        "Location": url,
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }
    return Response(body="", status_code=HTTPStatus.SEE_OTHER.value, headers=headers)
