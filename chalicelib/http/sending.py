"""The private endpoints of marketing's sending: what is paused, and why."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError
from chalicelib.events import rfc3339
from chalicelib.http.auth import author_of, private
from chalicelib.http.exchange import check_keys, object_of, private_answer, reason_in
from chalicelib.limits import COMMAND_BODY_MAX_BYTES
from chalicelib.wiring.world import world

if TYPE_CHECKING:
    from chalicelib.nurture.sending import SendingState

sending = Blueprint(__name__)


@private(sending, "/v1/sending", Role.ADMIN, Role.MARKETER)
def read_sending(_request: Request) -> Response:
    """Return what is paused, since when and why, and how many emails may leave."""
    return private_answer(_whole())


@private(sending, "/v1/sending", Role.ADMIN, Role.MARKETER, methods=["POST"])
def pause_or_resume(request: Request) -> Response:
    """Pause a sequence, a mailing, or everything, or resume it; return what is paused then."""
    from chalicelib.delivery.message_keys import OF_MAILING
    from chalicelib.nurture.sending import EVERYTHING, PauseCause

    body = object_of(request, COMMAND_BODY_MAX_BYTES)
    check_keys(body, ("pause", "sequence", "mailing", "reason"))
    wants_pause = body.get("pause")
    if not isinstance(wants_pause, bool):
        raise InputError(FieldError("pause", "must be true or false"))
    sequence = _text_in(body, "sequence") if "sequence" in body else EVERYTHING
    if "mailing" in body:
        if "sequence" in body:
            raise InputError(FieldError("mailing", "give either sequence or mailing"))
        sequence = OF_MAILING + _text_in(body, "mailing")
    reason = reason_in("reason", _text_in(body, "reason"))
    if wants_pause and not reason:
        raise InputError(FieldError("reason", "is needed to pause: say why"))
    use_case = world().sending
    author = author_of(request)
    if wants_pause:
        use_case.pause(sequence, PauseCause.PERSON, reason=reason, author=author)
    else:
        use_case.resume(sequence, reason=reason, author=author)
    return private_answer(_whole())


def _whole() -> dict[str, Any]:
    now = world().ports.now()
    allowance = world().allowances.read()
    room = world().allowances.room(now)
    warm_up = allowance.warm_up if allowance else None
    shown = {
        "per_day": allowance.per_day if allowance else None,
        "others": allowance.others if allowance else 0,
        "warm_up": {"per_day": warm_up.most, "until": rfc3339(warm_up.ends)} if warm_up else None,
        "left": room.left if room else None,
        "opens_at": rfc3339(room.opens_at) if room and not room.left else None,
    }
    return {**serialize_sending(world().sending.states()), "allowance": shown}


def serialize_sending(states: "Mapping[str, SendingState]") -> dict[str, Any]:
    """Return what is paused: everything or not, and each sequence by itself."""
    from chalicelib.nurture.sending import EVERYTHING

    return {
        **_serialize_state(states[EVERYTHING]),
        "sequences": {
            one: _serialize_state(state)
            for one, state in states.items()
            if one != EVERYTHING and state.is_paused
        },
    }


def _serialize_state(state: "SendingState") -> dict[str, Any]:
    return {
        "paused": state.is_paused,
        "cause": state.cause,
        "reason": state.reason or None,
        "author": state.author or None,
        "at": rfc3339(state.at) if state.at else None,
        "version": state.version,
    }


def _text_in(body: Mapping[str, Any], name: str) -> str:
    text = body.get(name, "")
    if not isinstance(text, str):
        raise InputError(FieldError(name, "must be text"))
    return text
