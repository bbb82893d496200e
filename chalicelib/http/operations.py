"""The private endpoints of operators: the switches."""

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.tokens import Role
from chalicelib.errors import FieldError, InputError
from chalicelib.events import rfc3339
from chalicelib.http.auth import author_of, private
from chalicelib.http.exchange import check_keys, object_of, private_answer, reason_in
from chalicelib.limits import COMMAND_BODY_MAX_BYTES
from chalicelib.switches import Switch, SwitchState
from chalicelib.telemetry import log
from chalicelib.wiring.world import world

operations = Blueprint(__name__)


@private(operations, "/v1/switches", Role.ADMIN)
def list_switches(_request: Request) -> Response:
    """Return how each switch stands."""
    return private_answer(_shown(world().switchboard.states()))


@private(operations, "/v1/switches", Role.ADMIN, methods=["PUT"])
def turn_switches(request: Request) -> Response:
    """Turn the switches that are named; return how each stands then."""
    body = object_of(request, COMMAND_BODY_MAX_BYTES)
    check_keys(body, list(Switch))
    if not body:
        raise InputError(FieldError("body", f"name a switch: {', '.join(Switch)}"))
    wanted = {Switch(name): _position(name, said) for name, said in body.items()}
    states = world().switchboard.turn(
        {switch: is_on for switch, (is_on, _) in wanted.items()},
        reasons={switch: reason for switch, (_, reason) in wanted.items()},
        author=author_of(request),
    )
    for switch, (is_on, _) in wanted.items():
        log("switched", switch=switch, state="on" if is_on else "off")
    return private_answer(_shown(states))


def _position(name: str, said: Any) -> tuple[bool, str]:
    """Return whether a switch is to be on, and why. Raise InputError."""
    if not isinstance(said, dict):
        raise InputError(FieldError(name, 'must be a JSON object, such as {"on": true}'))
    if unknown := [key for key in said if key not in ("on", "reason")]:
        words = "is not a known key; the keys are on, reason"
        raise InputError(*(FieldError(f"{name}.{key}", words) for key in unknown))
    is_on = said.get("on")
    if not isinstance(is_on, bool):
        raise InputError(FieldError(f"{name}.on", "must be true or false"))
    return is_on, _reason(f"{name}.reason", said.get("reason", ""), is_needed=not is_on)


def _reason(field: str, given: Any, *, is_needed: bool) -> str:
    if not isinstance(given, str):
        raise InputError(FieldError(field, "must be text"))
    reason = reason_in(field, given)
    if is_needed and not reason:
        raise InputError(FieldError(field, "is needed to turn something off: say why"))
    return reason


def _shown(states: Mapping[Switch, SwitchState]) -> dict[str, Any]:
    return {
        switch.value: {
            "on": state.is_on,
            "reason": state.reason or None,
            "author": state.author or None,
            "at": rfc3339(state.at) if state.at else None,
        }
        for switch, state in states.items()
    }
