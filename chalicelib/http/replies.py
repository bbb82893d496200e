"""Replies: the private list of them, and what a person says that one asks for; also by the link in
an email of ours to sales.
"""

import re
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import ConflictError, FieldError, InputError, NotFoundError, StateError
from chalicelib.events import rfc3339
from chalicelib.http import reply_pages
from chalicelib.http.auth import author_of, caller_of, private
from chalicelib.http.exchange import (
    READ,
    URLENCODED,
    body_of,
    check_keys,
    current_request,
    object_of,
    private_answer,
    query_of,
)
from chalicelib.http.own_leads import own_ids
from chalicelib.http.pages import show_busy, show_invalid_link
from chalicelib.http.problem import answers_problems
from chalicelib.http.sales import LIST_PARAMETERS, limit_in
from chalicelib.limits import COMMAND_BODY_MAX_BYTES
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.nurture.replies.reply import Reply

answers = Blueprint(__name__)

PLACE_OF_REPLY = re.compile(r"[0-9T:.-]{23}Z#[A-Z2-7]{26}#[0-9a-f]{16}")
BY_LINK = "link"
"""Who said what a reply asks for, where it was whoever has the email to sales."""
CHOICES = {b"unsubscribe=true": True, b"unsubscribe=false": False}


@private(answers, "/v1/replies", Role.MARKETER, Role.SALES, query=["state", *LIST_PARAMETERS])
def list_replies(request: Request) -> Response:
    """Return the replies in a state, newest first; without one those that wait for a person."""
    from chalicelib.nurture.replies.reply import ReplyState
    from chalicelib.reading.cursor import from_cursor, to_cursor

    query = query_of(request)
    state = query.get("state", ReplyState.OPEN)
    if state not in set(ReplyState):
        raise InputError(FieldError("state", f"must be one of {', '.join(ReplyState)}"))
    cursor = query.get("cursor")
    before = from_cursor(cursor, (str,))[0] if cursor else ""
    if before and not PLACE_OF_REPLY.fullmatch(before):
        raise InputError(FieldError("cursor", "is not one that this list gave out"))
    limit = limit_in(query)
    found = world().reply_items.listed([ReplyState(state)], before, limit + 1)
    page = found[:limit]
    own = own_ids(caller_of(request), (reply.lead_id for _, reply in page))
    return private_answer(
        {
            "replies": [serialize_reply(reply) for _, reply in page if reply.lead_id in own],
            "next_cursor": to_cursor([page[-1][0]]) if len(found) > limit else None,
        }
    )


@private(answers, "/v1/replies/{lead_id}/{reply_id}", Role.MARKETER, Role.SALES, methods=["POST"])
def decide_on_reply(request: Request, lead_id: str, reply_id: str) -> Response:
    """Say whether a reply that waits asks us to stop."""
    body = object_of(request, COMMAND_BODY_MAX_BYTES)
    check_keys(body, ("unsubscribe",))
    unsubscribe = body.get("unsubscribe")
    if not isinstance(unsubscribe, bool):
        raise InputError(FieldError("unsubscribe", "must be true or false"))
    reply = world().replies.looking.decide(
        lead_id, reply_id, unsubscribe=unsubscribe, author=author_of(request)
    )
    return private_answer(serialize_reply(reply))


@answers.route("/replies/{token}", methods=READ)
@answers_problems
def ask_about_reply(token: str) -> Response:
    """Show what a reply says, and the two buttons. Change nothing: mail scanners open links."""
    request = current_request(answers)
    try:
        lead_id, reply_id = _reply_in(token)
        reply = world().replies.looking.read(lead_id, reply_id)
    except NotFoundError:
        return show_invalid_link(request)
    return reply_pages.show_reply(request, reply)


@answers.route("/replies/{token}", methods=["POST"], content_types=[URLENCODED])
@answers_problems
def decide_by_link(token: str) -> Response:
    """Take what a person says that a reply asks for, by a button of the page."""
    request = current_request(answers)
    unsubscribe = CHOICES.get(body_of(request).strip())
    try:
        lead_id, reply_id = _reply_in(token)
        looking = world().replies.looking
        if unsubscribe is None:
            return reply_pages.show_reply(request, looking.read(lead_id, reply_id))
        reply = looking.decide(lead_id, reply_id, unsubscribe=unsubscribe, author=BY_LINK)
    except NotFoundError:
        return show_invalid_link(request)
    except StateError:  # somebody else was first: the page says what was decided
        return reply_pages.show_reply(request, looking.read(lead_id, reply_id))
    except ConflictError as error:
        return show_busy(request, error)
    return reply_pages.show_reply(request, reply)


def serialize_reply(reply: "Reply") -> dict[str, Any]:
    """Return a reply as the API shows it, with what its author wrote."""
    from chalicelib.delivery.message_keys import parse_outbox_id

    key = parse_outbox_id(reply.message)[1] if reply.message else None
    sequence, step = (key.step if key else None) or (None, None)
    return {
        "id": reply.id,
        "lead_id": reply.lead_id,
        "state": reply.state,
        "at": rfc3339(reply.at),
        "text": reply.text,
        "from": reply.sender or None,
        "sequence": sequence,
        "step": step,
        "decided_at": rfc3339(reply.decided_at) if reply.decided_at else None,
        "decided_by": reply.decided_by or None,
    }


def _reply_in(token: str) -> tuple[str, str]:
    """Return the lead and the id of a reply. Raise NotFoundError for a link that is not ours."""
    from chalicelib.delivery.links import LOOK

    lead_id, _, reply_id = world().links.read(LOOK, token).partition("/")
    return lead_id, reply_id
