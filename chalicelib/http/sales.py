"""The private endpoints of sales: leads, what people do with one, its timeline, and the outbox."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Response

from chalicelib.errors import FieldError, InputError
from chalicelib.http.private import asked, authorized, body_of, json_answer, query_of
from chalicelib.http.problem import answers
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.leads.lead import Lead

sales = Blueprint(__name__)

LIMIT_DEFAULT, LIMIT_MAX = 50, 200


@sales.route("/v1/leads", methods=["GET"])
@answers
def list_leads() -> Response:
    """The leads of a stage, best first as of today; or the lead of an address."""
    query = query_of(sales)
    stage, email = query.get("stage"), query.get("email")
    if (stage is None) == (email is None):
        raise InputError(FieldError("stage", "give stage or email"))
    reading = world().reading
    if email is not None:
        return json_answer(reading.leads_by_email(email))
    return json_answer(reading.leads_in_stage(str(stage), _limit(query), query.get("cursor")))


@sales.route(
    "/v1/leads/import",
    methods=["POST"],
    content_types=["application/x-ndjson", "application/json", "text/plain"],
)
@answers
def import_leads() -> Response:
    """Leads in bulk, one JSON object a line; good lines are taken, the others listed."""
    return json_answer(world().imports.take(body_of(authorized(sales))))


@sales.route("/v1/leads/rebuild", methods=["POST"])
@answers
def rebuild_leads() -> Response:
    """Derives all leads anew from their events: a job, which reports what differed."""
    from chalicelib.commands.rebuild import start_rebuild

    query_of(sales)
    return json_answer(start_rebuild(world().job_runner), HTTPStatus.ACCEPTED)


@sales.route("/v1/leads/{lead_id}", methods=["GET"])
@answers
def read_lead(lead_id: str) -> Response:
    """One lead with its score and reasons as of today, or as they were known at the end of the day
    `as_of`.
    """
    return json_answer(world().reading.lead(lead_id, query_of(sales).get("as_of")))


@sales.route("/v1/leads/{lead_id}/timeline", methods=["GET"])
@answers
def read_timeline(lead_id: str) -> Response:
    """What happened to a lead, newest first."""
    query = query_of(sales)
    return json_answer(world().reading.timeline(lead_id, _limit(query), query.get("cursor")))


@sales.route("/v1/leads/{lead_id}/stage", methods=["POST"])
@answers
def move_lead(lead_id: str) -> Response:
    """A person moves a lead along a legal edge."""
    from chalicelib.commands.requests import Move

    order = asked(sales, Move)
    return _lead(world().commands.move(lead_id, order.stage, order.reason))


@sales.route("/v1/leads/{lead_id}/opportunity", methods=["POST"])
@answers
def answer_for_lead(lead_id: str) -> Response:
    """What sales learnt of the five answers; all five make it an opportunity."""
    from chalicelib.commands.requests import Answers

    answers = asked(sales, Answers).model_dump(exclude_none=True)
    if not answers:
        raise InputError(FieldError("body", "give at least one answer"))
    return _lead(world().commands.answer(lead_id, answers))


@sales.route("/v1/leads/{lead_id}/outcome", methods=["POST"])
@answers
def close_lead(lead_id: str) -> Response:
    """Won or lost: closes the loop."""
    from chalicelib.commands.requests import Closing

    order = asked(sales, Closing)
    return _lead(
        world().commands.close(
            lead_id, order.outcome, order.reason or order.outcome.value, order.value
        )
    )


@sales.route("/v1/leads/{lead_id}/retract", methods=["POST"])
@answers
def retract_events(lead_id: str) -> Response:
    """Takes events back out of the score."""
    from chalicelib.commands.requests import Retraction

    order = asked(sales, Retraction)
    return _lead(world().commands.retract(lead_id, order.event_ids, order.reason))


@sales.route("/v1/leads/{lead_id}/merge", methods=["POST"])
@answers
def merge_leads(lead_id: str) -> Response:
    """Two leads turned out to be one: the other's id answers with this one from now on."""
    from chalicelib.commands.requests import Merge

    return _lead(world().commands.merge(lead_id, asked(sales, Merge).other_lead_id))


@sales.route("/v1/leads/{lead_id}/rebuild", methods=["POST"])
@answers
def rebuild_lead(lead_id: str) -> Response:
    """Derives a lead anew from all its events, and tells what differed."""
    query_of(sales)
    lead, found = world().commands.rebuild(lead_id)
    told = [{"part": one.part, "kept": one.kept, "rebuilt": one.rebuilt} for one in found]
    return json_answer({**world().reading.lead(lead.lead_id), "differences": told})


@sales.route("/v1/outbox", methods=["GET"])
@answers
def read_outbox() -> Response:
    """What was sent, is waiting, or was not sent and why."""
    query = query_of(sales)
    return json_answer(
        world().reading.outbox(query.get("state"), _limit(query), query.get("cursor"))
    )


def _lead(lead: "Lead") -> Response:
    """A lead after a command."""
    return json_answer(world().reading.lead(lead.lead_id))


def _limit(query: dict[str, str]) -> int:
    text = query.get("limit", str(LIMIT_DEFAULT))
    if not (
        text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= LIMIT_MAX and len(text) < 6
    ):
        raise InputError(FieldError("limit", f"must be a whole number from 1 to {LIMIT_MAX}"))
    return int(text)
