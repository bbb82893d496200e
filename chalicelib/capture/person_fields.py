"""What an identify or an import says about the person: which fields, and what each may hold."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from chalicelib.events import Value
from chalicelib.inputs.addresses import parse_address
from chalicelib.inputs.numbers import SCALAR_MAX
from chalicelib.inputs.texts import one_line
from chalicelib.inputs.typed import FreeText, LineScalar, LineText
from chalicelib.limits import FORM_MAX_FIELDS

FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def field_name(name: str) -> str:
    """Return a field's name. Raise ValueError for one that no form needs."""
    if not FIELD_NAME.fullmatch(name):
        raise ValueError(
            "a field's name must start with a lower-case letter and have at most 64 lower-case"
            " letters, digits and _"
        )
    return name


class Fields(BaseModel):
    """What a form says about the person. A field without a name here is one line or a scalar."""

    model_config = ConfigDict(extra="allow")
    email: Annotated[LineText, AfterValidator(parse_address)]
    first_name: LineText | None = None
    last_name: LineText | None = None
    job_title: LineText | None = None
    company: LineText | None = None
    company_size: Annotated[int, Field(ge=0, le=SCALAR_MAX)] | None = None
    industry: LineText | None = None
    country: LineText | None = None
    phone: Annotated[str, Field(max_length=40), AfterValidator(one_line)] | None = None
    message: FreeText | None = None
    __pydantic_extra__: dict[Annotated[str, AfterValidator(field_name)], LineScalar]

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if len(data) > FORM_MAX_FIELDS:
            raise ValueError(f"must have at most {FORM_MAX_FIELDS} fields; it has {len(data)}")
        return {name: value for name, value in data.items() if value not in (None, "")}

    def known(self) -> dict[str, Value]:
        """Return the fields that were filled in."""
        return self.model_dump(exclude_none=True)
