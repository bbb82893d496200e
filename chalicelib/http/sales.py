"""The private endpoints of sales: leads, what people do with one, its timeline, and the outbox."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError
from chalicelib.http.auth import author_of, caller_of, private
from chalicelib.http.exchange import (
    JSON,
    PLAIN_TEXT,
    body_of,
    check_no_keys,
    private_answer,
    query_of,
    shape_of,
)
from chalicelib.http.own_leads import check_own, own_ids, owners_seen
from chalicelib.http.sending import serialize_sending
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.leads.lead import Lead

sales = Blueprint(__name__)

JSON_LINES = "application/x-ndjson"
LIST_PARAMETERS = ("limit", "cursor")  # the query parameters of a list
LEAD_FILTERS = ("owner", "form", "grade", "domain", "q")
LEADS_PARAMETERS = ("stage", "email", *LEAD_FILTERS, *LIST_PARAMETERS)
OUTBOX_PARAMETERS = ("state", "reason", "lead_id", "email", *LIST_PARAMETERS)
LIMIT_DEFAULT = 50
FILTER_MAX_CHARS = 100
LIMIT_MAX = 200


@private(sales, "/v1/leads", Role.MARKETER, Role.SALES, query=LEADS_PARAMETERS)
def list_leads(request: Request) -> Response:
    """Return the leads of a stage, best first as of today, or the lead of an address.

    `spam` is not a stage: it lists the screened forms that wait for somebody to look at them.
    """
    from chalicelib.reading.stage_list import LeadFilter

    query = query_of(request)
    stage = query.get("stage")
    email = query.get("email")
    if (stage is None) == (email is None):
        raise InputError(FieldError("stage", "give either stage or email"))
    asked = {name: query[name] for name in LEAD_FILTERS if name in query}
    for name, text in asked.items():
        if stage is None:
            raise InputError(FieldError(name, "picks leads of a stage; give it, and no email"))
        if not 1 <= len(text) <= FILTER_MAX_CHARS:
            words = f"must have 1 to {FILTER_MAX_CHARS} characters"
            raise InputError(FieldError(name, words))
    if email is not None:
        page = world().reading.leads_by_email(email)
    else:
        wanted = LeadFilter(**asked, owners=owners_seen(caller_of(request)))
        page = world().stage_list.page(str(stage), limit_in(query), query.get("cursor"), wanted)
    return private_answer({**page, "leads": _own_of(request, page["leads"])})


@private(
    sales,
    "/v1/leads/import",
    Role.MARKETER,
    methods=["POST"],
    content_types=[JSON_LINES, JSON, PLAIN_TEXT],
)
def import_leads(request: Request) -> Response:
    """Import leads, one JSON object a line: take the good lines and list the others."""
    return private_answer(world().imports.take(body_of(request)))


@private(sales, "/v1/leads/rebuild", Role.ADMIN, methods=["POST"])
def rebuild_leads(request: Request) -> Response:
    """Start the job that derives all leads anew from their events."""
    from chalicelib.commands.rebuild import start_rebuild

    check_no_keys(request)
    return private_answer(start_rebuild(world().job_runner), HTTPStatus.ACCEPTED)


@private(sales, "/v1/leads/{lead_id}", Role.MARKETER, Role.SALES, query=["as_of"])
def read_lead(request: Request, lead_id: str) -> Response:
    """Return one lead with its score and reasons, as of today or of the day `as_of`."""
    return private_answer(world().reading.lead(lead_id, query_of(request).get("as_of")))


@private(sales, "/v1/leads/{lead_id}/timeline", Role.MARKETER, Role.SALES, query=LIST_PARAMETERS)
def read_timeline(request: Request, lead_id: str) -> Response:
    """Return what happened to a lead, newest first."""
    query = query_of(request)
    return private_answer(world().reading.timeline(lead_id, limit_in(query), query.get("cursor")))


@private(sales, "/v1/leads/{lead_id}/stage", Role.MARKETER, Role.SALES, methods=["POST"])
def move_lead(request: Request, lead_id: str) -> Response:
    """Move a lead along a legal edge, as a person decided."""
    from chalicelib.commands.requests import MoveRequest

    move = shape_of(MoveRequest, request)
    return _answer_lead(world().commands.move(lead_id, move.stage, move.reason))


@private(sales, "/v1/leads/{lead_id}/opportunity", Role.MARKETER, Role.SALES, methods=["POST"])
def answer_for_lead(request: Request, lead_id: str) -> Response:
    """Store what sales learnt of the five answers; all five make the lead an opportunity."""
    from chalicelib.commands.requests import AnswersRequest

    answers = shape_of(AnswersRequest, request).model_dump(exclude_none=True)
    if not answers:
        raise InputError(FieldError("body", "give at least one answer"))
    return _answer_lead(world().commands.answer(lead_id, answers))


@private(sales, "/v1/leads/{lead_id}/outcome", Role.MARKETER, Role.SALES, methods=["POST"])
def close_lead(request: Request, lead_id: str) -> Response:
    """Close the loop: the lead was won or lost."""
    from chalicelib.commands.requests import ClosingRequest

    closing = shape_of(ClosingRequest, request)
    reason = closing.reason or closing.outcome.value
    return _answer_lead(world().commands.close(lead_id, closing.outcome, reason, closing.value))


@private(sales, "/v1/leads/{lead_id}/contact", Role.MARKETER, Role.SALES, methods=["POST"])
def contact_lead(request: Request, lead_id: str) -> Response:
    """Record that a salesperson got in touch with a lead, or tried to."""
    from chalicelib.commands.requests import ContactRequest

    contact = shape_of(ContactRequest, request)
    return _answer_lead(world().commands.contact(lead_id, contact.how))


@private(sales, "/v1/leads/{lead_id}/points", Role.MARKETER, Role.SALES, methods=["POST"])
def give_points(request: Request, lead_id: str) -> Response:
    """Give a lead points by hand, or take some."""
    from chalicelib.commands.requests import PointsRequest

    given = shape_of(PointsRequest, request)
    return _answer_lead(
        world().commands.give_points(
            lead_id, given.points, given.reason, until=given.until, group=given.group
        )
    )


@private(sales, "/v1/leads/{lead_id}/retract", Role.MARKETER, Role.SALES, methods=["POST"])
def retract_events(request: Request, lead_id: str) -> Response:
    """Take events back out of a lead's score."""
    from chalicelib.commands.requests import RetractionRequest

    retraction = shape_of(RetractionRequest, request)
    return _answer_lead(
        world().corrections.retract(lead_id, retraction.event_ids, retraction.reason)
    )


@private(sales, "/v1/leads/{lead_id}/release", Role.MARKETER, methods=["POST"])
def release_spam(request: Request, lead_id: str) -> Response:
    """Release screened forms of a lead: from now on they count."""
    from chalicelib.commands.requests import ReleaseRequest
    from chalicelib.wiring.screening import releases

    asked = shape_of(ReleaseRequest, request)
    return _answer_lead(releases(world()).release(lead_id, asked.event_ids, asked.note or ""))


@private(sales, "/v1/leads/{lead_id}/merge", Role.MARKETER, Role.SALES, methods=["POST"])
def merge_leads(request: Request, lead_id: str) -> Response:
    """Merge two leads of one person; from now on the other's id leads to this one."""
    from chalicelib.commands.requests import MergeRequest

    merge = shape_of(MergeRequest, request)
    check_own(caller_of(request), merge.other_lead_id)
    return _answer_lead(world().corrections.merge(lead_id, merge.other_lead_id))


@private(sales, "/v1/leads/{lead_id}/basis", Role.MARKETER, Role.SALES, methods=["POST"])
def give_basis(request: Request, lead_id: str) -> Response:
    """Note a basis that one of our people knows of, with the reason."""
    from chalicelib.commands.requests import BasisRequest
    from chalicelib.leads.lead import find_known

    given = shape_of(BasisRequest, request)
    lead = find_known(world().leads.read, lead_id)
    world().giving.give(
        lead.lead_id,
        given.purpose,
        given.kind,
        reason=given.reason,
        author=author_of(request),
    )
    return _answer_lead(lead)


@private(sales, "/v1/leads/{lead_id}/rebuild", Role.MARKETER, Role.SALES, methods=["POST"])
def rebuild_lead(request: Request, lead_id: str) -> Response:
    """Derive a lead anew from all its events, and return what differed."""
    check_no_keys(request)
    lead, found = world().corrections.rebuild(lead_id)
    differences = [{"part": one.part, "kept": one.kept, "rebuilt": one.rebuilt} for one in found]
    return private_answer({**world().reading.lead(lead.lead_id), "differences": differences})


@private(sales, "/v1/outbox", Role.MARKETER, Role.SALES, query=OUTBOX_PARAMETERS)
def read_outbox(request: Request) -> Response:
    """Return what was sent, is waiting, or was not sent and why."""
    query = query_of(request)
    page = world().reading.outbox(
        limit=limit_in(query),
        cursor=query.get("cursor"),
        state=query.get("state"),
        reason=query.get("reason"),
        lead_id=query.get("lead_id"),
        email=query.get("email"),
    )
    page = {**page, "items": _own_of(request, page["items"])}
    return private_answer({**page, "sending": serialize_sending(world().sending.states())})


def _own_of(request: Request, elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the elements of a list whose lead the caller sees: a page may hold fewer than asked
    for.
    """
    own = own_ids(caller_of(request), (str(one["lead_id"]) for one in elements))
    # What is about no lead is an admin's and a marketer's to see: there is none that sales has.
    return [one for one in elements if str(one["lead_id"]) in own]


def _answer_lead(lead: "Lead") -> Response:
    """Return a lead as it stands after a command."""
    return private_answer(world().reading.lead(lead.lead_id))


def limit_in(query: dict[str, str]) -> int:
    """Return how many elements of a list a query asks for. Raise InputError."""
    text = query.get("limit", str(LIMIT_DEFAULT))
    if not (
        text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= LIMIT_MAX and len(text) < 6
    ):
        raise InputError(FieldError("limit", f"must be a whole number from 1 to {LIMIT_MAX}"))
    return int(text)
