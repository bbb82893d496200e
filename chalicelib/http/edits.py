"""The private endpoints of what a salesperson edits of a lead: profile, owner and notes."""

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError
from chalicelib.http.auth import private
from chalicelib.http.exchange import private_answer, shape_of, warnings_in
from chalicelib.wiring.world import world

edits = Blueprint(__name__)


@private(edits, "/v1/leads/{lead_id}", Role.MARKETER, Role.SALES, methods=["PATCH"])
def edit_lead(request: Request, lead_id: str) -> Response:
    """Correct what is known of a person, and give the lead to another salesperson."""
    from chalicelib.commands.edits import read_correction
    from chalicelib.commands.requests import CorrectionRequest

    asked = shape_of(CorrectionRequest, request)
    if asked.profile is None and asked.owner is None:
        raise InputError(FieldError("body", "give profile, owner or both"))
    doing = world().edits
    if asked.owner is not None:
        # First: one half must not be done when the other is refused.
        doing.check_owner(asked.owner)
    warned: list[FieldError] = []
    if asked.profile is not None:
        person = read_correction(asked.profile, world().company_country())
        lead = doing.correct(lead_id, person.fields, person.said)
        warned = [FieldError(f"profile.{one.field}", one.message) for one in person.warnings]
    if asked.owner is not None:
        lead = doing.assign(lead_id, asked.owner)
    return private_answer({**world().reading.lead(lead.lead_id), **warnings_in(warned)})


@private(edits, "/v1/leads/{lead_id}/notes", Role.MARKETER, Role.SALES, methods=["POST"])
def note_of_lead(request: Request, lead_id: str) -> Response:
    """Keep a note about a lead."""
    from chalicelib.commands.requests import NoteRequest

    noted = shape_of(NoteRequest, request)
    lead = world().edits.note(lead_id, noted.text)
    return private_answer(world().reading.lead(lead.lead_id))
