"""The private endpoints of handoffs that wait: their list, and the release of held ones."""

from http import HTTPStatus

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import NotFoundError
from chalicelib.http.auth import caller_of, private
from chalicelib.http.exchange import (
    check_no_keys,
    private_answer,
    query_of,
    shape_of,
    whole_number,
)
from chalicelib.http.own_leads import owners_seen
from chalicelib.http.sales import LIST_PARAMETERS, limit_in
from chalicelib.wiring.held_handoffs import handoff_list, releasing, request_figures
from chalicelib.wiring.world import world

handoff_lists = Blueprint(__name__)


@private(
    handoff_lists,
    "/v1/handoffs",
    Role.MARKETER,
    Role.SALES,
    query=["state", "owner", *LIST_PARAMETERS],
)
def list_handoffs(request: Request) -> Response:
    """Return the handoffs in a state, newest first; without one those that wait for a verdict."""
    from chalicelib.handoff.listing import parse_wanted, serialize_handoff
    from chalicelib.reading.cursor import from_cursor, to_cursor

    query = query_of(request)
    owners = owners_seen(caller_of(request))
    wanted = parse_wanted(query.get("state", "open"), query.get("owner"), owners)
    cursor = query.get("cursor")
    before = from_cursor(cursor, (str,))[0] if cursor else ""
    found, place = handoff_list(world()).page(wanted, before, limit_in(query))
    return private_answer(
        {
            "handoffs": [serialize_handoff(one) for one in found],
            "next_cursor": to_cursor([place]) if place else None,
        }
    )


@private(
    handoff_lists,
    "/v1/handoffs/{lead_id}/{cycle}/release",
    Role.MARKETER,
    Role.SALES,
    methods=["POST"],
)
def release_handoff(request: Request, lead_id: str, cycle: str) -> Response:
    """Open a held handoff: sales is notified of it."""
    from chalicelib.events import is_lead_id
    from chalicelib.handoff.listing import serialize_handoff

    check_no_keys(request)
    number = whole_number(cycle)
    if number is None or not is_lead_id(lead_id):
        raise NotFoundError("there is no such handoff")
    return private_answer(serialize_handoff(releasing(world()).release(lead_id, number)))


@private(handoff_lists, "/v1/handoffs/release", Role.MARKETER, Role.SALES, methods=["POST"])
def release_handoffs(request: Request) -> Response:
    """Start the job that opens all held handoffs, or those that one reason holds."""
    from chalicelib.handoff.releasing import start_release
    from chalicelib.handoff.requests import ReleaseHandoffsRequest

    asked = shape_of(ReleaseHandoffsRequest, request)
    job = start_release(
        world().job_runner,
        handoff_list(world()),
        why=asked.why,
        expected=asked.expected,
        owners=owners_seen(caller_of(request)),
    )
    return private_answer(job, HTTPStatus.ACCEPTED)


@private(handoff_lists, "/v1/requests", Role.MARKETER, Role.SALES, query=["from", "to"])
def read_requests(request: Request) -> Response:
    """Return how many requests there were by day, and what became of them: none is silent."""
    query = query_of(request)
    return private_answer(request_figures(world(), query.get("from"), query.get("to")))
