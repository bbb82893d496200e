"""Checks of what strangers send: texts without control characters, JSON without traps, URLs,
campaigns.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

from chalicelib.errors import FieldError, InputError, TooLargeError
from chalicelib.limits import ID_MAX_CHARS, LINE_MAX_CHARS, TEXT_MAX_CHARS, URL_MAX_CHARS

# C0, DEL, C1, and lone surrogates, which no UTF-8 can carry.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
NUMBER_MAX = 2**63  # ids and times in any unit; not a number of 400 digits
UTM = {
    "source": "utm_source",
    "medium": "utm_medium",
    "name": "utm_campaign",
    "term": "utm_term",
    "content": "utm_content",
}
Parsed = TypeVar("Parsed", bound=BaseModel)


class Sent(BaseModel):
    """What a client sends: a key that is null is as if it were not there."""

    @model_validator(mode="before")
    @classmethod
    def _nulls_are_absent(cls, data: Any) -> Any:
        return (
            {name: value for name, value in data.items() if value is not None}
            if isinstance(data, dict)
            else data
        )


def one_line(text: str) -> str:
    """The text, without surrounding blanks. Raises ValueError for a control character."""
    if CONTROL.search(text):
        raise ValueError("must not contain control characters or line breaks")
    return text.strip()


def many_lines(text: str) -> str:
    """The text. Raises ValueError for a control character other than tab, CR and LF."""
    if CONTROL_IN_TEXT.search(text):
        raise ValueError("must not contain control characters")
    return text


def web_address(text: str) -> str:
    """The URL or path. Raises ValueError when it cannot be split."""
    urlsplit(one_line(text))
    return text.strip()


def scalar(value: Any, max_chars: int, check: Callable[[str], str]) -> str | int | float | bool:
    """A text, number or yes/no that we have no name for. Raises ValueError for anything else."""
    if isinstance(value, str):
        if len(value) > max_chars:
            raise ValueError(f"must have at most {max_chars} characters")
        return check(value)
    if not isinstance(value, int | float):
        raise ValueError("must be a text, a number, true or false")
    if (
        not -NUMBER_MAX <= value <= NUMBER_MAX
    ):  # Python reads 1e999 as infinity, which no JSON may hold
        raise ValueError(f"must be from -{NUMBER_MAX} to {NUMBER_MAX}")
    return value


Line = Annotated[str, Field(max_length=LINE_MAX_CHARS), AfterValidator(one_line)]
Id = Annotated[str, Field(max_length=ID_MAX_CHARS), AfterValidator(one_line)]
LineScalar = Annotated[Any, PlainValidator(lambda value: scalar(value, LINE_MAX_CHARS, one_line))]
TextScalar = Annotated[Any, PlainValidator(lambda value: scalar(value, TEXT_MAX_CHARS, many_lines))]
Text = Annotated[str, Field(max_length=TEXT_MAX_CHARS), AfterValidator(many_lines)]
Url = Annotated[str, Field(max_length=URL_MAX_CHARS), AfterValidator(web_address)]


def parse_json(body: bytes, max_bytes: int) -> Any:
    """The JSON of a body. Raises TooLargeError, or InputError for what is not strict JSON in
    UTF-8.
    """
    if len(body) > max_bytes:
        raise TooLargeError(
            FieldError("body", f"must be at most {max_bytes} bytes; it has {len(body)}")
        )
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InputError(FieldError("body", "must be valid JSON in UTF-8")) from None


def parse_as(model: type[Parsed], data: Any) -> Parsed:
    """The data as a model. Raises InputError naming each wrong field by its path."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InputError(*field_errors(error)) from None


def field_errors(error: ValidationError) -> list[FieldError]:
    """Pydantic's errors with their paths as the caller wrote them."""
    return [
        FieldError(
            ".".join(str(part) for part in one["loc"]) or "body",
            one["msg"].removeprefix("Value error, "),
        )
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def path_of(url: str) -> str:
    """The path of a URL, `/` when it has none."""
    return urlsplit(url).path or "/"


def campaign_of(given: Mapping[str, Any], url: str) -> dict[str, str]:
    """Source, medium, name, term and content: as given, else from the URL's utm parameters. Empty
    ones left out.
    """
    named = {key: str(given[key]) for key in UTM if given.get(key)}
    if named or "utm_" not in url:
        return named
    query = parse_qs(urlsplit(url).query)
    found = {
        key: query[name][0].strip()[:LINE_MAX_CHARS] for key, name in UTM.items() if name in query
    }
    return {key: value for key, value in found.items() if value and not CONTROL.search(value)}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
