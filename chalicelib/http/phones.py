"""The private endpoint by which a salesperson's number is confirmed."""

import re
from http import HTTPStatus

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, ForbiddenError, InputError
from chalicelib.events import rfc3339
from chalicelib.http.auth import caller_of, private
from chalicelib.http.exchange import check_keys, object_of, private_answer
from chalicelib.limits import COMMAND_BODY_MAX_BYTES
from chalicelib.wiring.world import world

phones = Blueprint(__name__)

BODY_KEYS = ("send", "code")
A_CODE = re.compile(r"[0-9]{6}", re.ASCII)


@private(
    phones,
    "/v1/routing/people/{person_id}/phone",
    Role.MARKETER,
    Role.SALES,
    methods=["POST"],
)
def confirm_phone(request: Request, person_id: str) -> Response:
    """Text a code to a salesperson's number, or take the code that came. A salesperson does so for
    their own number.
    """
    caller = caller_of(request)
    if caller.role is Role.SALES and caller.person != person_id:
        raise ForbiddenError("a salesperson confirms their own number")
    body = object_of(request, COMMAND_BODY_MAX_BYTES)
    check_keys(body, BODY_KEYS)
    if body == {"send": True}:
        expires_at = world().phones.send_code(person_id)
        return private_answer({"expires_at": rfc3339(expires_at)}, HTTPStatus.ACCEPTED)
    code = body.get("code")
    if body.keys() != {"code"} or not isinstance(code, str) or not A_CODE.fullmatch(code):
        raise InputError(
            FieldError("code", 'give {"send": true}, or the six digits that came: {"code": "..."}')
        )
    world().phones.confirm(person_id, code)
    return private_answer({"confirmed": True})
