"""A document's errors are told in its author's words, with the path and the remedy."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field, ValidationError

from chalicelib.authoring.shape import LimitDocument, RecycleDocument
from chalicelib.document import WORDS, Document, needs, parse_document
from chalicelib.errors import DocumentError


class Anything(Document):
    """A document with every kind of value, not strict."""

    text: Annotated[str, Field(min_length=2, max_length=4, pattern="^[a-z]*$")] = "abc"
    whole: int = 1
    exact: Annotated[int, Field(strict=True)] = 1
    number: float = 1
    real: Annotated[float, Field(strict=True)] = 1
    finite: Annotated[float, Field(allow_inf_nan=False)] = 1
    inside: Annotated[float, Field(gt=0, lt=10)] = 1
    within: Annotated[float, Field(ge=1, le=9)] = 1
    yes: bool = True
    sure: Annotated[bool, Field(strict=True)] = True
    items: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    keys: dict[str, int] = {}
    part: LimitDocument = LimitDocument(max=1, min=0)
    one: Literal["a", "b"] = "a"
    even: Annotated[int, needs("an even number is needed")] = 2
    recycle: RecycleDocument = RecycleDocument()


def odd(value: int) -> int:
    raise ValueError(f"{value} is odd")


class Needy(Anything):
    """One that lacks something."""

    must: Annotated[int, AfterValidator(odd)]


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("missing", {}, "must: is missing; add it"),
    ("value_error", {"must": 3}, "must: 3 is odd"),
    (
        "extra_forbidden",
        {"part": {"max": 1, "min": 0, "mox": 1}},
        "part.mox: there is no such key; the keys here are max, min, in_total",
    ),
    (
        "string_type",
        {"text": 1},
        "text: text is needed; put it in quotes if it looks like a number",
    ),
    ("string_unicode", {"text": "a\ud800"}, "text: contains invalid characters; remove them"),
    ("string_too_short", {"text": "a"}, "text: is too short; at least 2 needed"),
    ("string_too_long", {"text": "abcde"}, "text: is too long; at most 4 characters are allowed"),
    ("string_pattern_mismatch", {"text": "ABC"}, "text: must match the pattern ^[a-z]*$"),
    ("int_type", {"exact": "1"}, "exact: a whole number is needed"),
    ("int_from_float", {"whole": 1.5}, "whole: a whole number is needed"),
    ("int_parsing", {"whole": "many"}, "whole: a whole number is needed"),
    ("float_type", {"real": "1"}, "real: a number is needed"),
    ("float_parsing", {"number": "many"}, "number: a number is needed"),
    (
        "finite_number",
        {"finite": float("nan")},
        "finite: a finite number is needed, not .inf or .nan",
    ),
    ("greater_than", {"inside": 0}, "inside: must be above 0"),
    ("less_than", {"inside": 10}, "inside: must be below 10"),
    ("greater_than_equal", {"within": 0}, "within: must be at least 1"),
    ("less_than_equal", {"within": 10}, "within: must be at most 9"),
    ("bool_type", {"sure": 1}, "sure: true or false is needed"),
    ("bool_parsing", {"yes": "maybe"}, "yes: true or false is needed"),
    ("list_type", {"items": 3}, "items: a list is needed"),
    ("too_short", {"items": []}, "items: has 0; at least 1 needed"),
    (
        "too_long",
        {"items": [1, 2, 3]},
        "items: has too many; at most 2 are allowed, so remove some",
    ),
    ("dict_type", {"keys": 3}, "keys: keys with their values are needed"),
    ("model_type", {"part": 3}, "part: keys with their values are needed"),
    ("invalid_key", {"recycle": {3: 4}}, "recycle.3: a key must be text; put it in quotes"),
    ("literal_error", {"one": "c"}, "one: one of 'a' or 'b' is needed"),
]


@pytest.mark.parametrize(
    ("kind", "stored", "says"), WRONG, ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_error_of_pydantic_is_told_in_words(
    kind: str, stored: dict[str, Any], says: str
) -> None:
    needy = Needy if kind in ("missing", "value_error") else Anything
    with pytest.raises(ValidationError) as found:
        needy.model_validate(stored)
    with pytest.raises(DocumentError) as refused:
        parse_document(needy, stored)
    assert [one["type"] for one in found.value.errors()] == [kind]
    assert str(refused.value) == says


def test_every_word_has_its_error() -> None:
    assert {kind for kind, _, _ in WRONG} == WORDS.keys()


def test_a_value_of_several_shapes_is_refused_in_one_line() -> None:
    with pytest.raises(DocumentError, match=r"^even: an even number is needed$"):
        parse_document(Anything, {"even": "x"})
