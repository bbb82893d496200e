"""The format of a registered form."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from chalicelib.capture.field_names import known_name, safe
from chalicelib.capture.naming import KNOWN
from chalicelib.document import Document
from chalicelib.limits import (
    FORM_MAX_FIELDS,
    LINE_MAX_CHARS,
    OWN_FIELDS_MAX,
    TEXT_MAX_CHARS,
    URL_MAX_CHARS,
)

SentName = Annotated[str, Field(min_length=1, max_length=LINE_MAX_CHARS)]
"""What a page calls a field."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""What a field is called here."""
DocumentId = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
Line = Annotated[str, Field(max_length=LINE_MAX_CHARS)]
Address = Annotated[str, Field(max_length=URL_MAX_CHARS)]
FormKind = Literal["request", "download", "newsletter", "event", "other"]
FieldType = Literal["text", "number", "choice", "choices", "yes_no", "date"]
"""How a company's own field is read."""
VERIFY_WORDS = Literal["none", "token", "turnstile", "hcaptcha"]
"""What a submission has to bring along besides its fields."""


class OwnField(Document):
    """A field that only this company asks for."""

    label: Line = ""
    """What people read instead of its name."""
    type: FieldType = "text"
    aliases: Annotated[list[SentName], Field(max_length=FORM_MAX_FIELDS)] = []
    """What pages call it."""


class Asset(Document):
    """What a form gates. Its id alone may stand for it."""

    id: SentName
    title: Line = ""
    url: Address = ""
    """Where it can be had: an email links to it."""

    @model_validator(mode="before")
    @classmethod
    def _name_by_id(cls, data: Any) -> Any:
        return {"id": data} if isinstance(data, str) else data


def _with_offset(text: str) -> str:
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return text
    except ValueError:
        pass
    raise ValueError("must be a time with its offset, such as 2026-12-03T15:00:00+01:00")


Moment = Annotated[str, Field(max_length=LINE_MAX_CHARS), AfterValidator(_with_offset)]


class FormEvent(Document):
    """What a form signs people up for, such as a webinar."""

    title: Line = ""
    starts_at: Moment
    """Steps of sequences may wait until a time before or after it."""
    ends_at: Moment | None = None
    """An hour later, without it."""
    url: Address = ""
    place: Line = ""

    @model_validator(mode="after")
    def _ends_behind_its_beginning(self) -> Self:
        moments = [datetime.fromisoformat(one) for one in (self.starts_at, self.ends_at) if one]
        if moments[0] > moments[-1]:
            raise ValueError("ends before it begins; put a later ends_at")
        return self


class FormDocument(Document):
    """A registered form."""

    id: DocumentId
    title: Line = ""
    kind: FormKind | None = None
    """What it is for; without one its name says it."""
    required: Annotated[list[SentName], Field(max_length=FORM_MAX_FIELDS)] = ["email"]
    """Under the names that the page uses, or ours."""
    aliases: Annotated[dict[SentName, Name], Field(max_length=FORM_MAX_FIELDS)] = {}
    """What the page calls a field -> what it is called here."""
    fields: Annotated[dict[Name, OwnField], Field(max_length=OWN_FIELDS_MAX)] = {}
    thank_you_url: Address | None = None
    allowed_redirects: Annotated[list[Address], Field(max_length=FORM_MAX_FIELDS)] = []
    """Pages that a post may name in `_redirect`, each with the pages below it."""
    allowed_origins: Annotated[list[Address], Field(max_length=FORM_MAX_FIELDS)] = []
    """The sites whose pages may post it from a browser; empty for all."""
    asset: Asset | None = None
    """A submission counts as its download."""
    event: FormEvent | None = None
    """What a submission signs up for."""
    topic: Line | None = None
    consent_text: Annotated[str, Field(max_length=TEXT_MAX_CHARS)] = ""
    """The sentence beside the marketing box: the proof, whatever a submission says stood there."""
    double_opt_in: bool | None = None
    """Whether a ticked box has to be confirmed; None: as settings and the person's country say."""
    acknowledge: DocumentId | None = None
    """The email that answers a submission at once."""
    honeypot: SentName | None = None
    """The field that people do not see: whoever fills it in is a machine."""
    verify: VERIFY_WORDS = "none"

    @property
    def names(self) -> Mapping[str, str]:
        """What the page calls a field -> what it is called here, of all fields of the form."""
        own = {alias: name for name, field in self.fields.items() for alias in field.aliases}
        return {**{name: name for name in self.fields}, **own, **self.aliases}

    def name_of(self, sent: str) -> str:
        """Return what a field that the page calls so is called here."""
        aliases = {alias.strip().lower(): name for alias, name in self.names.items()}
        key = sent.strip().lower()
        return aliases.get(key) or (key if key in KNOWN else known_name(sent) or safe(sent))
