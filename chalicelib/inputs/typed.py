"""What our own people send, in its shape: a mistake is refused with its path and the remedy."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError, model_validator

from chalicelib.errors import FieldError, InputError

PLAIN: Mapping[str, str] = {
    "missing": "is missing; add it",
    "extra_forbidden": "there is no such field here; leave it out",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "model_type": "must be an object with named fields",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "must have at most {max_length} characters",
    "string_type": "must be text",
}
"""Pydantic's type of an error -> what the caller reads: its own words are for programmers."""
Shape = TypeVar("Shape", bound=BaseModel)


class Received(BaseModel):
    """A JSON object as it is sent: a key whose value is null counts as absent."""

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None}


def parse_as(shape: type[Shape], data: Any) -> Shape:
    """Return the data in its shape. Raise InputError naming each wrong field by its path."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        raise InputError(*field_errors(error)) from None


def field_errors(error: ValidationError) -> list[FieldError]:
    """Return pydantic's errors, each with its path as the sender wrote it."""
    return [
        FieldError(
            ".".join(str(part) for part in one["loc"]) or "body",
            PLAIN[one["type"]].format_map(_as_written(one.get("ctx", {})))
            if one["type"] in PLAIN
            else one["msg"].removeprefix("Value error, "),
        )
        for one in error.errors(include_url=False, include_input=False)
    ]


def short_number(value: Any) -> Any:
    """Return a number without the `.0` that pydantic adds to it; anything else as it is."""
    return f"{value:,.15g}" if isinstance(value, int | float) else value


def _as_written(bounds: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: short_number(value) for name, value in bounds.items()}
