"""The private endpoints of one-off emails and of the lists that they go to."""

from http import HTTPStatus

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError
from chalicelib.http.auth import author_of, private
from chalicelib.http.exchange import (
    check_keys,
    check_no_keys,
    object_of,
    private_answer,
    query_of,
)
from chalicelib.http.sales import LIST_PARAMETERS, limit_in
from chalicelib.limits import COMMAND_BODY_MAX_BYTES
from chalicelib.wiring.world import world

mailings = Blueprint(__name__)

RECIPIENTS = "recipients"


@private(mailings, "/v1/lists/{list_id}/leads", Role.MARKETER, query=LIST_PARAMETERS)
def list_leads_on(request: Request, list_id: str) -> Response:
    """Return a page of the leads of a saved list."""
    query = query_of(request)
    page = world().list_reading.page(list_id, limit_in(query), query.get("cursor"))
    return private_answer(page)


@private(mailings, "/v1/mailings/{mailing_id}/count", Role.MARKETER, methods=["POST"])
def count_mailing(request: Request, mailing_id: str) -> Response:
    """Start the job that fixes the recipients of a mailing, and why others are none."""
    check_no_keys(request)
    return private_answer(world().mailings.count(mailing_id), HTTPStatus.ACCEPTED)


@private(mailings, "/v1/mailings/{mailing_id}/confirm", Role.MARKETER, methods=["POST"])
def confirm_mailing(request: Request, mailing_id: str) -> Response:
    """Let a mailing leave at its time, to the number of recipients that was counted."""
    body = object_of(request, COMMAND_BODY_MAX_BYTES)
    check_keys(body, (RECIPIENTS,))
    number = body.get(RECIPIENTS)
    if isinstance(number, bool) or not isinstance(number, int):
        raise InputError(FieldError(RECIPIENTS, "must be the number that the count found"))
    world().mailings.confirm(mailing_id, number, author=author_of(request))
    return private_answer(world().mailing_numbers(mailing_id))


@private(mailings, "/v1/mailings/{mailing_id}/cancel", Role.MARKETER, methods=["POST"])
def cancel_mailing(request: Request, mailing_id: str) -> Response:
    """Let nothing more of a mailing leave."""
    check_no_keys(request)
    world().mailings.cancel(mailing_id, author=author_of(request))
    return private_answer(world().mailing_numbers(mailing_id))


@private(mailings, "/v1/mailings/{mailing_id}/numbers", Role.MARKETER)
def read_mailing_numbers(_request: Request, mailing_id: str) -> Response:
    """Return how far a mailing came, and what became of its emails."""
    return private_answer(world().mailing_numbers(mailing_id))
