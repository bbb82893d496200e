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
    from chalicelib.consent.way_out import Undo, WayOut

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
    """Show the page of an email's way out, and change nothing."""
    from chalicelib.http import way_out

    request = current_request(public)
    try:
        found = _way_out_in(token)
    except NotFoundError:
        return pages.show_invalid_link(request)
    return way_out.show_way_out(request, world().choosing.look(found), world().topics())


@public.route("/u/{token}", methods=["POST"], content_types=ANY_FORM)
@answers_problems
def unsubscribe(token: str) -> Response:
    """Do what a button of the page says; or unsubscribe, by a mail program's one click (RFC 8058).

    RFC 8058 allows neither a cookie nor a redirect.
    """
    from chalicelib.http import way_out

    request = current_request(public)
    try:
        found = _way_out_in(token)
        asked = way_out.pressed(way_out.pairs_of(request), world().topics)
        undo = _undo_in(asked.undo, found) if asked.undo else None
    except NotFoundError:
        return pages.show_invalid_link(request)
    try:
        if undo is not None:
            return way_out.show_undone(request, is_undone=world().choosing.undo(undo))
        if asked.wanted is None:
            taken_back_by = world().unsubscribe.unsubscribe(found.lead_id, found.message)
            return way_out.show_unsubscribed(request, _signed(taken_back_by))
        if world().choosing.look(found).gets_nothing:
            return way_out.show_unsubscribed(request, None)
        taken_back_by = world().choosing.choose(found, asked.wanted)
        return way_out.show_chosen(request, asked.wanted, _signed(taken_back_by))
    except ConflictError as error:
        return pages.show_busy(request, error)


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


def _way_out_in(token: str) -> "WayOut":
    """Return the way out of a link. Raise NotFoundError for one that we did not sign."""
    from chalicelib.consent.way_out import parse_way_out
    from chalicelib.delivery.links import UNSUBSCRIBE

    return parse_way_out(world().links.read(UNSUBSCRIBE, token))


def _undo_in(token: str, found: "WayOut") -> "Undo":
    """Return what a form of the page takes back. Raise NotFoundError for one that we did not sign
    for this way out.
    """
    from chalicelib.consent.way_out import parse_undo
    from chalicelib.delivery.links import UNDO

    undo = parse_undo(world().links.read(UNDO, token))
    if undo.way_out != found:
        raise NotFoundError("this link is not valid")
    return undo


def _signed(undo: "Undo | None") -> str | None:
    """Return the token of a form that takes a choice back."""
    from chalicelib.delivery.links import UNDO

    return world().links.sign(UNDO, str(undo)) if undo else None
