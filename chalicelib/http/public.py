"""The other public endpoints: the pages that a person opens, and health."""

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Response

from chalicelib.errors import ConflictError, NotFoundError
from chalicelib.http import pages
from chalicelib.http.exchange import (
    CORS,
    JSON,
    MULTIPART,
    PLAIN_TEXT,
    READ,
    URLENCODED,
    current_request,
    json_answer,
    query_of,
)
from chalicelib.http.problem import answers_problems
from chalicelib.http.shell import form_shown
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.consent.confirming import ConfirmLink

public = Blueprint(__name__)

ANY_FORM = [URLENCODED, MULTIPART, JSON, PLAIN_TEXT]


@public.route("/v1/health", methods=READ, cors=CORS)
@answers_problems
def check_health() -> Response:
    """Answer that requests are served, and whether all of marketing's emails are paused."""
    sending = "paused" if world().sending_states.is_all_paused() else "on"
    return json_answer({"status": "ok", "sending": sending})


@public.route("/thanks", methods=READ)
@answers_problems
def thank() -> Response:
    """Show the built-in thank-you page, of the form that the query names."""
    request = current_request(public)
    return pages.show_thanks(request, form_shown(query_of(request).get("form", "")))


@public.route("/u/{token}", methods=READ)
@answers_problems
def ask_to_unsubscribe(token: str) -> Response:
    """Show the unsubscribe page, and change nothing."""
    try:
        _lead_id_in(token)
    except NotFoundError:
        return pages.show_invalid_link(current_request(public))
    return pages.show_unsubscribe(current_request(public))


@public.route("/u/{token}", methods=["POST"], content_types=ANY_FORM)
@answers_problems
def unsubscribe(token: str) -> Response:
    """Unsubscribe, by the page's button or by a mail program's one click (RFC 8058).

    RFC 8058 allows neither a cookie nor a redirect.
    """
    try:
        lead_id = _lead_id_in(token)
    except NotFoundError:
        return pages.show_invalid_link(current_request(public))
    try:
        world().unsubscribe.unsubscribe(lead_id)
    except ConflictError as error:
        return pages.show_busy(current_request(public), error)
    return pages.show_unsubscribed(current_request(public))


@public.route("/confirm/{token}", methods=READ)
@answers_problems
def ask_to_confirm(token: str) -> Response:
    """Show what has become of a ticked box, and the button that confirms it. Change nothing."""
    request = current_request(public)
    try:
        link = _confirm_link_in(token)
    except NotFoundError:
        return pages.show_invalid_link(request)
    return pages.show_confirmation(request, world().confirming.look(link))


@public.route("/confirm/{token}", methods=["POST"], content_types=ANY_FORM)
@answers_problems
def confirm(token: str) -> Response:
    """Confirm a ticked box, by the page's button. A second time changes nothing."""
    request = current_request(public)
    try:
        state = world().confirming.confirm(_confirm_link_in(token))
    except NotFoundError:
        return pages.show_invalid_link(request)
    except ConflictError as error:
        return pages.show_busy(request, error)
    return pages.show_confirmation(request, state)


def _confirm_link_in(token: str) -> "ConfirmLink":
    """Return what the link of a confirmation says. Raise NotFoundError for one that we did not
    sign.
    """
    from chalicelib.consent.confirming import parse_link
    from chalicelib.delivery.links import CONFIRM

    return parse_link(world().links.read(CONFIRM, token))


def _lead_id_in(token: str) -> str:
    """Return the lead of an unsubscribe link. Raise NotFoundError for one that we did not sign."""
    from chalicelib.delivery.links import UNSUBSCRIBE

    return world().links.read(UNSUBSCRIBE, token)
