"""What is asked for with a new token."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from chalicelib.access.tokens import ADMIN, Role
from chalicelib.errors import FieldError, InputError
from chalicelib.inputs.texts import one_line
from chalicelib.inputs.typed import Received
from chalicelib.limits import TOKEN_NAME_MAX_CHARS


def _name(text: str) -> str:
    if not (name := one_line(text)):
        raise ValueError("must not be empty; say whose the token is, or what for")
    if name.casefold() == ADMIN.name:
        raise ValueError("is how the deployment's own token is called; choose another name")
    return name


class TokenRequest(Received):
    """`POST /v1/tokens`."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=TOKEN_NAME_MAX_CHARS), AfterValidator(_name)]
    role: Role
    person: Annotated[str, Field(max_length=64)] | None = None
    expires_at: AwareDatetime | None = None


def check_person(asked: TokenRequest, routing: Mapping[str, Any] | None, now: datetime) -> None:
    """Raise InputError for a salesperson's token of nobody, another role's of somebody, and one
    that has expired already.
    """
    people = [one.get("id") for one in (routing or {}).get("people", [])]
    if asked.role is Role.SALES and asked.person not in people:
        known = ", ".join(map(str, people)) or "nobody yet"
        words = f"must be the id of a salesperson in the routing document: {known}"
        raise InputError(FieldError("person", words))
    if asked.role is not Role.SALES and asked.person is not None:
        words = f"is for the role sales; leave it out for {asked.role}"
        raise InputError(FieldError("person", words))
    if asked.expires_at is not None and asked.expires_at <= now:
        raise InputError(FieldError("expires_at", "is over; give a later time or leave it out"))
