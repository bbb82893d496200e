"""The shape of a form submission: which fields it has, and what each may hold."""

import json
import re
from hashlib import sha256
from hmac import digest as keyed_digest
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from chalicelib.events import Value
from chalicelib.inputs.addresses import parse_address
from chalicelib.inputs.numbers import SCALAR_MAX
from chalicelib.inputs.texts import one_line
from chalicelib.inputs.typed import FreeText, Id, LineScalar, LineText, Received, Url
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


class Page(Received):
    """The page that the form stood on."""

    url: Url = ""
    referrer: Url = ""
    title: LineText = ""


class Campaign(Received):
    """The campaign that brought the person."""

    source: LineText = ""
    medium: LineText = ""
    name: LineText = ""
    term: LineText = ""
    content: LineText = ""


class ConsentBox(Received):
    """The marketing box: whether it was ticked, and the sentence beside it."""

    marketing: bool = False
    text: Annotated[FreeText, Field(max_length=1_000)] = ""


class Submission(Received):
    """A form submission in the API's JSON form."""

    fields: Fields
    visitor_id: Id | None = None
    submission_id: Id | None = None
    page: Page = Page()
    campaign: Campaign = Campaign()
    consent: ConsentBox = ConsentBox()

    def digest(self, secret: bytes) -> str:
        """Return a keyed hash of everything but the submission id: a repeat has the same one.

        Keyed, because a form says little besides an address: without the secret nobody can try
        addresses until one fits.
        """
        # The purpose keeps it apart from the other hashes that the secret makes.
        return keyed_digest(secret, b"submission\n" + self._content(), sha256).hex()

    def digests(self, secret: bytes) -> frozenset[str]:
        """Return the hash, and the one without a key that receipts of older code hold."""
        return frozenset({self.digest(secret), sha256(self._content()).hexdigest()})

    def _content(self) -> bytes:
        content = self.model_dump(exclude={"submission_id"}, exclude_none=True)
        return json.dumps(content, sort_keys=True).encode()
