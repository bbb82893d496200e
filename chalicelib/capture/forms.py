"""A form submission: parsed, checked, joined with its visitor, stored whole or not at all."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from chalicelib.capture.identity import parse_address
from chalicelib.capture.joining import Answer, Store, is_free
from chalicelib.consent.consent import Consent, given
from chalicelib.document import Document, parse_document
from chalicelib.errors import FieldError, InputError, KeyReusedError, TooLargeError
from chalicelib.events import Event, Kind, Value, event_id, lead_partition, visitor_partition
from chalicelib.inputs import (
    NUMBER_MAX,
    Id,
    Line,
    LineScalar,
    Sent,
    Text,
    Url,
    campaign_of,
    parse_as,
    parse_json,
    path_of,
)
from chalicelib.limits import FORM_BODY_MAX_BYTES, FORM_MAX_FIELDS
from chalicelib.writing import persist

FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
ASSET_DOWNLOADED = "Asset Downloaded"
TICKED = frozenset({"true", "on", "yes", "1"})
# A url-encoded post's own names, beside the fields: where each stands in the JSON form.
FLAT_NAMES = {
    "_visitor_id": ("visitor_id",),
    "_submission_id": ("submission_id",),
    "_page_url": ("page", "url"),
    "_page_title": ("page", "title"),
    "_referrer": ("page", "referrer"),
    "utm_source": ("campaign", "source"),
    "utm_medium": ("campaign", "medium"),
    "utm_campaign": ("campaign", "name"),
    "utm_term": ("campaign", "term"),
    "utm_content": ("campaign", "content"),
}


def field_name(name: str) -> str:
    """A field's name. Raises ValueError for one that no form needs."""
    if not FIELD_NAME.fullmatch(name):
        raise ValueError("the name must be lower-case letters, digits and _")
    return name


class FormDocument(Document):
    """A registered form. asset: what it gates; consent_text: the sentence beside its box."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
    required: list[str] = ["email"]
    thank_you_url: str | None = None
    asset: str | None = None
    topic: str | None = None
    consent_text: str = ""


class Fields(BaseModel):
    """What a form says of the person. Other fields are kept as one line, number or yes/no."""

    model_config = ConfigDict(extra="allow")
    email: Annotated[Line, AfterValidator(parse_address)]
    first_name: Line | None = None
    last_name: Line | None = None
    job_title: Line | None = None
    company: Line | None = None
    company_size: Annotated[int, Field(ge=0, le=NUMBER_MAX)] | None = None
    industry: Line | None = None
    country: Line | None = None
    phone: Annotated[Line, Field(max_length=40)] | None = None
    message: Text | None = None
    __pydantic_extra__: dict[Annotated[str, AfterValidator(field_name)], LineScalar]

    @model_validator(mode="before")
    @classmethod
    def _names_and_blanks(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if len(data) > FORM_MAX_FIELDS:
            raise ValueError(f"at most {FORM_MAX_FIELDS} fields; it has {len(data)}")
        return {name: value for name, value in data.items() if value not in (None, "")}

    def known(self) -> dict[str, Value]:
        """The fields that were filled in."""
        return self.model_dump(exclude_none=True)


class Page(Sent):
    """Where the form stood."""

    url: Url = ""
    referrer: Url = ""
    title: Line = ""


class Campaign(Sent):
    """What brought the person."""

    source: Line = ""
    medium: Line = ""
    name: Line = ""
    term: Line = ""
    content: Line = ""


class ConsentBox(Sent):
    """The marketing box: ticked or not, and the sentence beside it."""

    marketing: bool = False
    text: Annotated[Text, Field(max_length=1_000)] = ""


class Submission(Sent):
    """A form submission as api.md has it in JSON."""

    fields: Fields
    visitor_id: Id | None = None
    submission_id: Id | None = None
    page: Page = Page()
    campaign: Campaign = Campaign()
    consent: ConsentBox = ConsentBox()

    def digest(self) -> str:
        """A hash of all that was said, without the key: the same submission repeated has the
        same.
        """
        said = self.model_dump(exclude={"submission_id"}, exclude_none=True)
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class Forms:
    """Takes form submissions. form: the registered form of an id; lead_of: the lead id of an
    address.
    """

    def __init__(
        self,
        store: Store,
        form: Callable[[str], Mapping[str, Any] | None],
        lead_of: Callable[[str], str],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        pause: Callable[[int], None],
    ) -> None:
        self._store, self._form, self._lead_of = store, form, lead_of
        self._now, self._new_id, self._pause = now, new_id, pause

    def form(self, form_id: str) -> FormDocument | None:
        """The registered form, or None: an unknown form is captured all the same, marked as
        unregistered.
        """
        stored = self._form(form_id)
        return parse_document(FormDocument, stored) if stored else None

    def submit(self, form_id: str, submission: Submission) -> Answer:
        """Store a submission and answer it; a repeated one gets the first answer and counts once.

        Raises InputError for a required field that is missing, KeyReusedError for a key that came
        with another body.
        """
        form = self.form(form_id)
        known = submission.fields.known()
        missing = [
            name for name in (form.required if form else []) if known.get(name) in (None, "")
        ]
        if missing:
            raise InputError(*(FieldError(f"fields.{name}", "is required") for name in missing))
        submission_id = submission.submission_id or self._new_id()
        fresh_visitor_id = self._new_id()
        return persist(
            lambda: self._accept(form_id, form, submission, submission_id, fresh_visitor_id),
            self._pause,
        )

    def _accept(
        self,
        form_id: str,
        form: FormDocument | None,
        submission: Submission,
        submission_id: str,
        fresh_visitor_id: str,
    ) -> Answer:
        before = self._store.answer(form_id, submission_id)
        if before is not None:
            if before.body_hash != submission.digest():
                raise KeyReusedError(
                    FieldError("submission_id", "came before with another body; use a new one")
                )
            return before
        now, lead_id = self._now(), self._lead_of(submission.fields.email)
        visitor_id, claims = self._visitor(submission.visitor_id, lead_id, fresh_visitor_id, now)
        answer = Answer(form_id, submission_id, visitor_id, submission.digest())
        self._store.accept(
            events_of(form_id, form, submission, lead_id, submission_id, claims, now),
            lead_id=lead_id,
            claims=claims,
            consents=self._consents(form, submission, lead_id, now),
            answer=answer,
            now=now,
        )
        return answer

    def _visitor(
        self, visitor_id: str | None, lead_id: str, fresh_visitor_id: str, now: datetime
    ) -> tuple[str | None, list[str]]:
        """The visitor id to answer with, and what the form claims. A visitor that is not free gets
        a new id, owned by this lead; what came before stays with the first person.
        """
        if not visitor_id:
            return None, []
        visitor = visitor_partition(visitor_id)
        owner = self._store.owner(visitor)
        if owner == lead_id:
            return visitor_id, []
        if owner is None and is_free(self._store, visitor, now):
            return visitor_id, [visitor]
        return fresh_visitor_id, [visitor_partition(fresh_visitor_id)]

    def _consents(
        self, form: FormDocument | None, submission: Submission, lead_id: str, now: datetime
    ) -> tuple[Consent, Consent] | None:
        if not submission.consent.marketing:
            return None
        before = self._store.consent(lead_id)
        return before, given(
            before, submission.consent.text or (form.consent_text if form else ""), now
        )


def events_of(
    form_id: str,
    form: FormDocument | None,
    submission: Submission,
    lead_id: str,
    submission_id: str,
    claims: Sequence[str],
    now: datetime,
) -> list[Event]:
    """The events of a submission: itself, and the download of the asset that its form gates."""
    partition, page = lead_partition(lead_id), submission.page
    properties: dict[str, Value] = {
        name: value for name, value in page.model_dump().items() if value
    }
    if page.url:
        properties["path"] = path_of(page.url)
    if form is None:
        properties["unregistered"] = True
    said = Event(
        partition=partition,
        id=event_id(partition, now, f"{form_id}/{submission_id}"),
        kind=Kind.FORM,
        name=form_id,
        at=now,
        captured_at=now,
        properties=properties,
        campaign=campaign_of(submission.campaign.model_dump(), page.url),
        fields=submission.fields.known(),
        joins=tuple(claims),
    )
    if form is None or form.asset is None:
        return [said]
    download = Event(
        partition=partition,
        id=event_id(partition, now, f"{form_id}/{submission_id}/asset"),
        kind=Kind.TRACK,
        name=ASSET_DOWNLOADED,
        at=now,
        captured_at=now,
        properties={"asset": form.asset, "form": form_id},
    )
    return [said, download]


def parse_submission(body: bytes, *, flat: bool, key: str | None) -> Submission:
    """The submission of a body, JSON or (flat) url-encoded. key: the Idempotency-Key header, if
    there is one.

    Raises InputError naming each wrong field as the sender wrote it, TooLargeError, KeyReusedError
    when header and body name different keys.
    """
    data = _unflattened(body) if flat else parse_json(body, FORM_BODY_MAX_BYTES)
    try:
        submission = parse_as(Submission, data)
    except InputError as error:
        raise (error.renamed(_flat_name) if flat else error) from None
    if not key:
        return submission
    if submission.submission_id not in (None, "", key):
        raise KeyReusedError(FieldError("submission_id", "differs from the Idempotency-Key header"))
    return submission.model_copy(
        update={"submission_id": parse_as(_Key, {"Idempotency-Key": key}).key}
    )


class _Key(BaseModel):
    """The Idempotency-Key header."""

    key: Id = Field(alias="Idempotency-Key")


def _unflattened(body: bytes) -> dict[str, Any]:
    """A url-encoded body in the JSON form's shape."""
    if len(body) > FORM_BODY_MAX_BYTES:
        raise TooLargeError(
            FieldError("body", f"must be at most {FORM_BODY_MAX_BYTES} bytes; it has {len(body)}")
        )
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=2 * FORM_MAX_FIELDS,
        )
    except ValueError:
        raise InputError(FieldError("body", "must be url-encoded UTF-8 with few fields")) from None
    data: dict[str, Any] = {"fields": {}}
    for name, value in pairs:
        if name == "_consent":
            data["consent"] = {"marketing": value.strip().lower() in TICKED}
        elif name in FLAT_NAMES:
            *parents, last = FLAT_NAMES[name]
            inner = data.setdefault(parents[0], {}) if parents else data
            inner[last] = value
        else:
            data["fields"][name] = value
    return data


def _flat_name(path: str) -> str:
    """A path of the JSON form as the url-encoded post named it."""
    for name, parts in FLAT_NAMES.items():
        if path == ".".join(parts):
            return name
    return path.removeprefix("fields.")
