"""The shapes of what is sent, for pydantic: types of fields, and errors in a visitor's words."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

from chalicelib.errors import FieldError, InputError
from chalicelib.inputs.numbers import SCALAR_MAX
from chalicelib.inputs.texts import many_lines, one_line
from chalicelib.inputs.urls import stored_page, stored_url, tracked_text, web_address
from chalicelib.limits import ID_MAX_CHARS, LINE_MAX_CHARS, TEXT_MAX_CHARS, URL_MAX_CHARS

PLAIN: Mapping[str, str] = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "must have at most {max_length} characters",
    "string_type": "must be text",
}
"""Pydantic's type of an error -> what a form's visitor reads: its own words are for programmers."""
Shape = TypeVar("Shape", bound=BaseModel)


class Received(BaseModel):
    """A JSON object as a client sends it: a key whose value is null counts as absent."""

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None}


def scalar(value: Any, max_chars: int, check: Callable[[str], str]) -> str | int | float | bool:
    """Return a text, number or boolean of a field that Baton has no name for.

    Raise ValueError for anything else.
    """
    if isinstance(value, str):
        if len(value) > max_chars:
            raise ValueError(f"must have at most {max_chars} characters")
        return check(value)
    if not isinstance(value, int | float):
        raise ValueError("must be text, a number, true or false")
    # Python reads 1e999 as infinity, which JSON cannot hold.
    if not -SCALAR_MAX <= value <= SCALAR_MAX:
        raise ValueError(f"must be between -{SCALAR_MAX} and {SCALAR_MAX}")
    return value


LineText = Annotated[str, Field(max_length=LINE_MAX_CHARS), AfterValidator(one_line)]
FreeText = Annotated[str, Field(max_length=TEXT_MAX_CHARS), AfterValidator(many_lines)]
Id = Annotated[str, Field(max_length=ID_MAX_CHARS), AfterValidator(one_line)]
WebAddress = Annotated[str, Field(max_length=URL_MAX_CHARS), AfterValidator(web_address)]
Url = Annotated[WebAddress, AfterValidator(stored_page)]
UrlPath = Annotated[WebAddress, AfterValidator(stored_url)]
LineScalar = Annotated[Any, PlainValidator(lambda value: scalar(value, LINE_MAX_CHARS, one_line))]
Tracked = Annotated[Any, PlainValidator(lambda value: scalar(value, TEXT_MAX_CHARS, tracked_text))]


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
            PLAIN[one["type"]].format_map(one.get("ctx", {}))
            if one["type"] in PLAIN
            else one["msg"].removeprefix("Value error, "),
        )
        for one in error.errors(include_url=False, include_input=False)
    ]
