"""The private endpoints: leads, one lead, its timeline, and the outbox."""

import json
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.errors import FieldError, InputError
from chalicelib.http.auth import require_token
from chalicelib.http.problem import answers
from chalicelib.wiring import world

sales = Blueprint(__name__)

LIMIT_DEFAULT, LIMIT_MAX = 50, 200


@sales.route("/v1/leads", methods=["GET"])
@answers
def list_leads() -> Response:
    """The leads of a stage, best first as of today; or the lead of an address."""
    query = _query()
    stage, email = query.get("stage"), query.get("email")
    if (stage is None) == (email is None):
        raise InputError(FieldError("stage", "give stage or email"))
    reading = world().reading
    if email is not None:
        return _json(reading.leads_by_email(email))
    return _json(reading.leads_in_stage(str(stage), _limit(query), query.get("cursor")))


@sales.route("/v1/leads/{lead_id}", methods=["GET"])
@answers
def read_lead(lead_id: str) -> Response:
    """One lead with its score and reasons as of today."""
    if "as_of" in _query():
        raise InputError(FieldError("as_of", "is not supported yet; leave it out for today's score"))
    return _json(world().reading.lead(lead_id))


@sales.route("/v1/leads/{lead_id}/timeline", methods=["GET"])
@answers
def read_timeline(lead_id: str) -> Response:
    """What happened to a lead, newest first."""
    query = _query()
    return _json(world().reading.timeline(lead_id, _limit(query), query.get("cursor")))


@sales.route("/v1/outbox", methods=["GET"])
@answers
def read_outbox() -> Response:
    """What was sent, is waiting, or was not sent and why."""
    query = _query()
    return _json(world().reading.outbox(query.get("state"), _limit(query), query.get("cursor")))


def _query() -> dict[str, str]:
    """The query of a request that carries the token. Raises AuthError for one that does not."""
    request: Request | None = sales.current_request
    assert request is not None, "a view runs in a request"
    require_token(request, world().admin_token)
    return dict(request.query_params or {})


def _limit(query: dict[str, str]) -> int:
    text = query.get("limit", str(LIMIT_DEFAULT))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= LIMIT_MAX and len(text) < 6):
        raise InputError(FieldError("limit", f"must be a whole number from 1 to {LIMIT_MAX}"))
    return int(text)


def _json(body: dict[str, Any]) -> Response:
    headers: dict[str, str | list[str]] = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(body=json.dumps(body, ensure_ascii=False), status_code=HTTPStatus.OK.value, headers=headers)
