"""Stored documents: what marketers and sales managers own. A key outside a document's format is
refused.

Refusals are in their words: pydantic's are for programmers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import ErrorDetails

from chalicelib.errors import DocumentError, FieldError

Parsed = TypeVar("Parsed", bound=BaseModel)

ERRORS_MAX = 100  # told at once: more help nobody, and a hostile document has thousands

# What pydantic calls an error -> what its author reads. In braces is what pydantic tells of it.
WORDS: Mapping[str, str] = {
    "extra_forbidden": "there is no such key; the keys here are {keys}",
    "missing": "is missing; add it",
    "string_type": "a text is needed; put it in quotes if it looks like a number",
    "string_unicode": "has characters that are none; remove them",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "int_parsing": "a whole number is needed",
    "float_type": "a number is needed",
    "float_parsing": "a number is needed",
    "finite_number": "a number is needed, and neither .inf nor .nan",
    "bool_type": "true or false is needed",
    "bool_parsing": "true or false is needed",
    "list_type": "a list is needed",
    "dict_type": "keys with their values are needed",
    "model_type": "keys with their values are needed",
    "invalid_key": "a key is a text; put it in quotes",
    "literal_error": "one of {expected} is needed",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "is too short; at least {min_length} needed",
    "string_too_long": "is too long; at most {max_length} characters are allowed",
    "string_pattern_mismatch": "does not have the form {pattern}",
    "too_short": "has {actual_length}; at least {min_length} needed",
    "too_long": "has too many; at most {max_length} are allowed, so remove some",
    "value_error": "{error}",
}


class Document(BaseModel):
    """A document, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _remember_keys(cls, data: Any, info: ValidationInfo) -> Any:
        """So that whoever misspells a key is told which there are."""
        if info.context is not None:
            info.context[id(data)] = ", ".join(cls.model_fields)
        return data


def needs(words: str) -> WrapValidator:
    """Says of a value in words what is needed, whatever is wrong with it: for one with several
    shapes, or a pattern.
    """

    def one_line(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(words) from None

    return WrapValidator(one_line)


def parse_document(kind: type[Parsed], stored: Mapping[str, Any]) -> Parsed:
    """The document of what is stored. Raises DocumentError naming each key that breaks the format,
    with its path.
    """
    keys: dict[int, str] = {}  # the id of each part -> the keys that it may have
    try:
        return kind.model_validate(stored, context=keys)
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False)[:ERRORS_MAX]
        told = [
            FieldError(_path(one["loc"]), _words(one, keys.get(id(_around(stored, one["loc"])))))
            for one in lines
        ]
        raise DocumentError(errors=told) from None


def _path(steps: Iterable[str | int]) -> str:
    """A path as authors write it. A key that is wrong itself has pydantic's `[key]` behind it."""
    return ".".join(str(step) for step in steps if step != "[key]") or "document"


def _around(stored: Any, steps: Sequence[str | int]) -> Any:
    """The part in which the last step of a path is; None when pydantic has put steps of its own
    into the path.
    """
    for step in steps[:-1]:
        try:
            stored = stored[step]
        except (LookupError, TypeError):
            return None
    return stored


def _words(one: ErrorDetails, keys: str | None) -> str:
    words = WORDS.get(one["type"])
    known = {"keys": keys or "others", **one.get("ctx", {})}
    return (
        words.format(**{key: _short(value) for key, value in known.items()})
        if words
        else one["msg"]
    )


def _short(value: Any) -> Any:
    """A bound without the `.0` that pydantic gives it."""
    return f"{value:,.15g}" if isinstance(value, int | float) else value
