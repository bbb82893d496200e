"""The values that all parts of a scoring model's document consist of, with their bounds."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationInfo,
)

from chalicelib.document import Document, needs
from chalicelib.limits import TEXT_MAX_CHARS

POINTS_MAX = 1_000  # most models add up to a hundred; whole thousandths stay far from any overflow
REST_MAX_DAYS = 3_650  # ten years: nothing in sales rests longer
DATE_MAX_DAYS = 3_650  # ahead or back: a contract that ends later is not near
FIELD_NUMBER_MAX = 10**12  # a turnover in any currency
MODEL_TEXT_MAX_CHARS = 200
PATTERNS_MAX = 1_000  # the list of competitors is the longest

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _one_line(text: str) -> str:
    """Return the text. Control characters could act on a page, in an email or in a terminal."""
    if _CONTROL_CHARACTER.search(text):
        raise ValueError("must be one line without control characters; remove them")
    return text


KeyName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9_-]{1,64}$"),
    needs("a name has only small letters, digits, - and _; at most 64 characters"),
]
Points = Annotated[float, Field(ge=-POINTS_MAX, le=POINTS_MAX, allow_inf_nan=False)]
ModelText = Annotated[
    str, Field(min_length=1, max_length=MODEL_TEXT_MAX_CHARS), AfterValidator(_one_line)
]
Number = Annotated[float, Field(ge=-FIELD_NUMBER_MAX, le=FIELD_NUMBER_MAX, allow_inf_nan=False)]
WholeNumber = Annotated[int, Field(ge=-FIELD_NUMBER_MAX, le=FIELD_NUMBER_MAX)]
Fact = Annotated[
    Annotated[str, Field(max_length=TEXT_MAX_CHARS)] | WholeNumber | Number | bool,
    needs(f"a text of at most {TEXT_MAX_CHARS:,} characters, a number, true or false is needed"),
]
FactOrFacts = Annotated[
    Fact | Annotated[list[Fact], Field(min_length=1, max_length=PATTERNS_MAX)],
    needs(
        f"a text of at most {TEXT_MAX_CHARS:,} characters, a number, true or false is needed, a"
        " list of them, or a day such as {in_days: 60}"
    ),
]
PatternList = Annotated[list[ModelText], Field(max_length=PATTERNS_MAX)]
SomePatterns = Annotated[list[ModelText], Field(min_length=1, max_length=PATTERNS_MAX)]
TextOrTexts = Annotated[
    ModelText | SomePatterns,
    needs(
        f"one text or a list of 1 to {PATTERNS_MAX:,} texts is needed, each of 1 to"
        f" {MODEL_TEXT_MAX_CHARS} characters"
    ),
]
FormId = Annotated[
    str,
    Field(pattern=r"^[a-z0-9_*-]{1,64}$"),
    needs(
        "a form's id has only small letters, digits, - and _, and * for any run of them; at most 64"
        " characters"
    ),
]
FieldName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9_]{1,64}$"),
    needs(
        "a field's name has only small letters, digits and _, for example job_title; at most 64"
        " characters"
    ),
]
Compared = ModelText | WholeNumber | Number | bool
FieldValues = Annotated[
    Compared | Annotated[list[Compared], Field(max_length=PATTERNS_MAX)],
    needs(
        f"a text, a number, true or false is needed, or a list of at most {PATTERNS_MAX:,} of them"
    ),
]
Bounds = Annotated[
    list[Number],
    Field(min_length=2, max_length=2),
    needs("two numbers are needed, the lowest and the highest, for example [50, 1000]"),
]
DateDays = Annotated[int, Field(ge=0, le=DATE_MAX_DAYS)]
Yes = Annotated[
    Literal[True], needs("only true is possible; a field is given (present) or it is not (absent)")
]
RestDays = Annotated[
    int,
    Field(ge=0, le=REST_MAX_DAYS),
    needs(f"a whole number of days from 0 to {REST_MAX_DAYS:,} is needed"),
]
GradeName = Annotated[
    Literal["A", "B", "C", "D", "E"],
    needs("a grade is A, B, C, D or E, by the fit; write steps of the score as `bands`"),
]
Threshold = Annotated[
    Points,
    needs(
        "there is no such key, and a threshold on score, a group or a sum is a number from -1,000"
        " to 1,000"
    ),
]


class ModelPart(Document):
    """A part of a scoring model's document.

    Strict, because scoring works with what is written: the text "5" is not the number 5.
    """

    model_config = ConfigDict(strict=True, use_attribute_docstrings=True)


def keys_or(part: type[ModelPart], otherwise: Any) -> PlainValidator:
    """Return a validator of a part, where keys are written, and of anything else otherwise.

    The shape is chosen first, so that its errors are about that shape only.
    """
    others: TypeAdapter[Any] = TypeAdapter(otherwise, config=ConfigDict(strict=True))

    def chosen(written: Any, info: ValidationInfo) -> Any:
        if isinstance(written, dict):
            return part.model_validate(written, context=info.context)
        return others.validate_python(written)

    return PlainValidator(chosen, json_schema_input_type=otherwise | part)
