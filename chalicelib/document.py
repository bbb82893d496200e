"""Stored documents: what marketers and sales managers own. Keys outside the format are refused.

Refusals are in the author's words: pydantic's own messages are for programmers.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

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
from chalicelib.inputs.typed import short_number

AnyDocument = TypeVar("AnyDocument", bound=BaseModel)

ERRORS_MAX = 100  # reported at once: nobody reads more, and a hostile document has thousands

WORDS: Mapping[str, str] = {
    "extra_forbidden": "there is no such key; the keys here are {keys}",
    "missing": "is missing; add it",
    "string_type": "text is needed; put it in quotes if it looks like a number",
    "string_unicode": "contains invalid characters; remove them",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "int_parsing": "a whole number is needed",
    "float_type": "a number is needed",
    "float_parsing": "a number is needed",
    "finite_number": "a finite number is needed, not .inf or .nan",
    "bool_type": "true or false is needed",
    "bool_parsing": "true or false is needed",
    "list_type": "a list is needed",
    "dict_type": "keys with their values are needed",
    "model_type": "keys with their values are needed",
    "invalid_key": "a key must be text; put it in quotes",
    "literal_error": "one of {expected} is needed",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "is too short; at least {min_length} needed",
    "string_too_long": "is too long; at most {max_length} characters are allowed",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "too_short": "has {actual_length}; at least {min_length} needed",
    "too_long": "has too many; at most {max_length} are allowed, so remove some",
    "value_error": "{error}",
}
"""Pydantic's type of an error -> what the author reads, with pydantic's context in the braces."""

SHAPES = frozenset({"list_type", "dict_type", "model_type", "string_type", "float_type"})
"""The errors of a value in another shape, which an example of it says best."""

Answer = Callable[[str, str], str | None]
"""Part of a document, by the name of its class, and key -> what to write instead, if anything."""


class Document(BaseModel):
    """A document, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _remember_keys(cls, data: Any, info: ValidationInfo) -> Any:
        """Note which part this is, so that the refusal of a misspelt key lists those it has."""
        if info.context is not None:
            info.context[id(data)] = cls
        return data


def needs(words: str) -> WrapValidator:
    """Return a validator that says in words what a value needs, whatever is wrong with it.

    For a value that may have several shapes or must match a pattern: pydantic has one error for
    each shape, or quotes the pattern.
    """

    def one_line(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(words) from None

    return WrapValidator(one_line)


def parse_document(
    kind: type[AnyDocument],
    stored: Mapping[str, Any],
    answer: Answer | None = None,
) -> AnyDocument:
    """Return a document of a kind that somebody writes.

    answer: to unknown keys, where there is more to say than which keys there are.
    Raise DocumentError that names each key that breaks the format, with its path.
    """
    return _validate(kind, stored, None, answer)


def read_document(kind: type[AnyDocument], stored: Mapping[str, Any]) -> AnyDocument:
    """Return what is stored as a document of a kind, to execute it.

    Keys that this version does not know are left out: a later one has accepted them and was rolled
    back, and neither forms nor handoffs may stop for that (ADR 0029). Raise DocumentError.
    """
    return _validate(kind, stored, "ignore")


def _validate(
    kind: type[AnyDocument],
    stored: Mapping[str, Any],
    extra: Literal["ignore"] | None,
    answer: Answer | None = None,
) -> AnyDocument:
    parts: dict[int, type[BaseModel]] = {}  # the id of each part -> its shape
    try:
        return kind.model_validate(stored, context=parts, extra=extra)
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False)[:ERRORS_MAX]
        refused = [
            FieldError(_path(one["loc"]), _words(one, stored, parts, answer)) for one in lines
        ]
        raise DocumentError(errors=refused) from None


def _path(steps: Iterable[str | int]) -> str:
    """Return a path as authors write it: pydantic adds `[key]` when the key itself is wrong."""
    return ".".join(str(step) for step in steps if step != "[key]") or "document"


def _around(stored: Any, steps: Sequence[str | int]) -> Any:
    """Return the part that holds the last step of a path.

    Return None when pydantic has put steps of its own into the path.
    """
    for step in steps[:-1]:
        try:
            stored = stored[step]
        except (LookupError, TypeError):
            return None
    return stored


def _words(
    one: ErrorDetails,
    stored: Any,
    parts: Mapping[int, type[BaseModel]],
    answer: Answer | None,
) -> str:
    steps = one["loc"]
    part = parts.get(id(_around(stored, steps)))
    keys = part_keys(part) if part else []
    key = str(steps[-1]) if steps else ""
    instead = answer(part.__name__, key) if part and answer else None
    whole = parts.get(id(_around(stored, steps[:-1])))
    if part is None and whole and answer and one["type"] in SHAPES:
        # One of several under names of the author's own: the example is that of all of them.
        instead = answer(whole.__name__, str(steps[-2]))
    elif instead and key not in keys:
        return f"there is no such key; {instead}"
    words = WORDS.get(one["type"])
    if words is None:
        return one["msg"]
    known = {"keys": ", ".join(keys) or "others", **one.get("ctx", {})}
    said = words.format(**{name: short_number(value) for name, value in known.items()})
    return f"{said}, {instead}" if instead and one["type"] in SHAPES else said


def part_keys(part: type[BaseModel]) -> list[str]:
    """Return the keys that a part of a document may have."""
    return [field.alias or name for name, field in part.model_fields.items()]
