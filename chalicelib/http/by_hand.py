"""The private endpoints of nurture by hand: stop a lead's emails, start and stop a sequence."""

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError
from chalicelib.http.auth import private
from chalicelib.http.exchange import private_answer, shape_of
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.leads.lead import Lead

by_hand = Blueprint(__name__)


@private(by_hand, "/v1/leads/{lead_id}/emails", Role.MARKETER, Role.SALES, methods=["POST"])
def stop_emails(request: Request, lead_id: str) -> Response:
    """Stop all marketing emails to a lead, or let them go out again."""
    from chalicelib.commands.requests import EmailsRequest

    asked = shape_of(EmailsRequest, request)
    return _answer_lead(world().by_hand.stop_emails(lead_id, stop=asked.stop, reason=asked.reason))


@private(
    by_hand,
    "/v1/leads/{lead_id}/sequences/{sequence_id}",
    Role.MARKETER,
    Role.SALES,
    methods=["POST"],
)
def enter_or_leave(request: Request, lead_id: str, sequence_id: str) -> Response:
    """Start a sequence for one lead, or stop it; the others go on."""
    from chalicelib.commands.requests import SequenceRequest

    asked = shape_of(SequenceRequest, request)
    if (asked.start is None) == (asked.stop is None):
        raise InputError(FieldError("start", "give either start or stop, as true"))
    act = world().by_hand.start if asked.start else world().by_hand.stop
    return _answer_lead(act(lead_id, sequence_id, asked.reason))


def _answer_lead(lead: "Lead") -> Response:
    """Return a lead as it stands after a command."""
    return private_answer(world().reading.lead(lead.lead_id))
