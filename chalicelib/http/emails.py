"""The private endpoints that show an email before anybody gets it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError
from chalicelib.http.auth import private
from chalicelib.http.exchange import (
    check_keys,
    check_no_keys,
    object_of,
    private_answer,
    query_of,
)
from chalicelib.limits import COMMAND_BODY_MAX_BYTES
from chalicelib.telemetry import log
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.nurture.previews import EmailPreview

emails = Blueprint(__name__)


@private(
    emails,
    "/v1/emails/{email_id}/preview",
    Role.MARKETER,
    methods=["POST"],
    query=["lead_id", "language"],
)
def preview_email(request: Request, email_id: str) -> Response:
    """Return an email as a lead would get it now, or somebody of whom nothing is known."""
    check_no_keys(request)
    query = query_of(request)
    found = world().email_previews.preview(email_id, query.get("lead_id"), query.get("language"))
    said = found.rendered
    return private_answer(
        {**_about(found), "subject": said.subject, "text": said.text, "html": said.html}
    )


@private(emails, "/v1/emails/{email_id}/test", Role.MARKETER, methods=["POST"])
def send_test_email(request: Request, email_id: str) -> Response:
    """Send an email to an address, marked as a test; nothing counts it."""
    from chalicelib.inputs.addresses import parse_address

    body = object_of(request, COMMAND_BODY_MAX_BYTES)
    check_keys(body, ("to", "lead_id", "language"))
    to, lead_id, language = (_text(body, key) for key in ("to", "lead_id", "language"))
    if to is None:
        raise InputError(FieldError("to", "is missing; add the address to send it to"))
    try:
        address = parse_address(to)
    except ValueError as error:
        raise InputError(FieldError("to", str(error))) from None
    found = world().email_previews.send_test(email_id, address, lead_id, language)
    log("test_email", id=email_id, version=found.version)
    return private_answer({"sent": True, **_about(found)})


def _about(found: "EmailPreview") -> dict[str, Any]:
    return {
        "version": found.version,
        "language": found.rendered.language,
        "sender": {"name": found.sender_name, "reply_to": found.reply_to},
        "missing": found.missing,
        "warnings": [asdict(one) for one in found.warnings],
    }


def _text(body: dict[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise InputError(FieldError(key, "must be text"))
    return value
