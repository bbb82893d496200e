"""The public endpoint of forms, for scripts and for a browser's own post."""

import re
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.errors import ConflictError, FieldError, InputError, NotFoundError
from chalicelib.http import pages
from chalicelib.http.auth import check_write_key
from chalicelib.http.exchange import (
    CORS,
    HTML,
    JSON,
    URLENCODED,
    content_type_of,
    current_request,
    json_answer,
    prefers,
    unzipped_body_of,
    warnings_in,
)
from chalicelib.http.problem import answers_problems, status_of
from chalicelib.limits import FORM_BODY_MAX_BYTES
from chalicelib.wiring.world import world

forms = Blueprint(__name__)

FORM_ID = re.compile(r"[a-z0-9_-]{1,64}")
BUILT_IN_THANKS = "../../thanks"  # relative, because the gateway's stage is part of the path


@forms.route("/v1/forms/{form_id}", methods=["POST"], content_types=[JSON, URLENCODED], cors=CORS)
@answers_problems
def submit_form(form_id: str) -> Response:
    """Take a form submission, as JSON or as a browser's url-encoded post."""
    if not FORM_ID.fullmatch(form_id):
        raise NotFoundError("a form id has 1 to 64 characters: a-z, 0-9, - and _")
    request = current_request(forms)
    check_write_key(request, None)
    flat = content_type_of(request) == URLENCODED
    from_browser = prefers(request, HTML, JSON)  # a browser will show the answer
    from chalicelib.capture.parsing import parse_submission  # not on the path of a ping

    try:
        body = unzipped_body_of(request, FORM_BODY_MAX_BYTES)
        key = request.headers.get("idempotency-key")
        submission = parse_submission(body, flat=flat, key=key)
        taking = world().forms
        receipt = taking.submit(form_id, submission)
    except InputError as error:
        if flat and from_browser:
            posted = error.renamed(lambda field: field.removeprefix("fields."))
            return pages.show_form_errors(request, posted.errors, status_of(error))
        raise
    except ConflictError as error:
        if flat and from_browser:
            return pages.show_busy(request, error)
        raise
    if from_browser:
        form = taking.form(form_id)
        return _see_other(form.thank_you_url if form and form.thank_you_url else BUILT_IN_THANKS)
    return json_answer(
        {
            "status": "accepted",
            "submission_id": receipt.submission_id,
            "visitor_id": receipt.visitor_id,
            **_warnings(taking.warnings(form_id, submission), is_flat=flat),
        },
        HTTPStatus.ACCEPTED,
    )


def _warnings(found: list[FieldError], *, is_flat: bool) -> dict[str, Any]:
    from chalicelib.capture.parsing import flat_name

    if is_flat:
        found = [FieldError(flat_name(one.field), one.message) for one in found]
    return warnings_in(found)


def _see_other(url: str) -> Response:
    # The thank-you page is the owner's own, and may know which page the form stood on.
    headers: dict[str, str | list[str]] = {
        "Location": url,
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }
    return Response(body="", status_code=HTTPStatus.SEE_OTHER.value, headers=headers)
