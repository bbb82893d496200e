"""Take a form submission: check it, join its visitor, and store it whole or not at all."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, model_validator

from chalicelib.capture.joining import SubmissionReceipt, SubmissionStore, is_free, within_room
from chalicelib.capture.submission import Submission
from chalicelib.consent.consent import Consent, given
from chalicelib.document import Document, read_document
from chalicelib.errors import FieldError, InputError, KeyReusedError
from chalicelib.events import (
    Event,
    Kind,
    Rank,
    Value,
    lead_partition,
    own_event_id,
    visitor_partition,
)
from chalicelib.inputs import campaign_of, path_of
from chalicelib.limits import FORM_MAX_FIELDS, LINE_MAX_CHARS, TEXT_MAX_CHARS, URL_MAX_CHARS
from chalicelib.runtime import Runtime
from chalicelib.writing import persist, until_written

ASSET_DOWNLOADED = "Asset Downloaded"


RequiredName = Annotated[str, Field(min_length=1, max_length=LINE_MAX_CHARS)]


class Asset(Document):
    """What a form gates. Its id alone may stand for it."""

    id: Annotated[str, Field(min_length=1, max_length=LINE_MAX_CHARS)]

    @model_validator(mode="before")
    @classmethod
    def _name_by_id(cls, data: Any) -> Any:
        return {"id": data} if isinstance(data, str) else data


class FormDocument(Document):
    """A registered form."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
    required: Annotated[list[RequiredName], Field(max_length=FORM_MAX_FIELDS)] = ["email"]
    thank_you_url: Annotated[str, Field(max_length=URL_MAX_CHARS)] | None = None
    asset: Asset | None = None
    """A submission counts as its download."""
    topic: Annotated[str, Field(max_length=LINE_MAX_CHARS)] | None = None
    consent_text: Annotated[str, Field(max_length=TEXT_MAX_CHARS)] = ""
    """The sentence beside the marketing box, the proof when a submission brings no text."""


class Forms:
    """Take form submissions."""

    def __init__(
        self,
        *,
        store: SubmissionStore,
        read_form: Callable[[str], Mapping[str, Any] | None],
        lead_id_of: Callable[[str], str],
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._read_form = read_form
        self._lead_id_of = lead_id_of
        self.runtime = runtime

    def form(self, form_id: str) -> FormDocument | None:
        """Return a registered form, or None.

        An unknown form is captured all the same, marked as unregistered: no lead may be lost.
        """
        stored = self._read_form(form_id)
        return read_document(FormDocument, stored) if stored else None

    def submit(self, form_id: str, submission: Submission) -> SubmissionReceipt:
        """Store a submission; a repeated one returns the first receipt and counts once.

        Raise InputError for a required field that is missing, KeyReusedError for a key that was
        used for another submission.
        """
        # A busy table must not lose a lead: whatever a form reads and writes is tried again.
        form = persist(lambda: self.form(form_id), self.runtime.pause)
        known = submission.fields.known()
        required = form.required if form else []
        missing = [name for name in required if known.get(name) in (None, "")]
        if missing:
            raise InputError(*(FieldError(f"fields.{name}", "is required") for name in missing))
        return self._accept(
            form_id,
            form,
            submission,
            # Drawn once, so that each try is the same submission.
            submission_id=submission.submission_id or self.runtime.new_id(),
            fresh_visitor_id=self.runtime.new_id(),
        )

    @until_written
    def _accept(
        self,
        form_id: str,
        form: FormDocument | None,
        submission: Submission,
        *,
        submission_id: str,
        fresh_visitor_id: str,
    ) -> SubmissionReceipt:
        body_hash = submission.digest()
        before = self._store.receipt(form_id, submission_id)
        if before is not None:
            if before.body_hash != body_hash:
                words = "was already used for a different submission; use a new one"
                raise KeyReusedError(FieldError("submission_id", words))
            return before
        now = self.runtime.now()
        lead_id = self._lead_id_of(submission.fields.email)
        visitor_id, claims, rank = self._visitor(
            submission.visitor_id, lead_id, fresh_visitor_id, now
        )
        claims = within_room(self._store, lead_id, claims)
        receipt = SubmissionReceipt(form_id, submission_id, visitor_id, body_hash)
        events = events_from_submission(
            form_id,
            form,
            submission,
            lead_id=lead_id,
            submission_id=submission_id,
            claims=claims,
            rank=rank,
            now=now,
        )
        self._store.accept(
            events,
            lead_id=lead_id,
            claims=claims,
            consents=self._consents(form, submission, lead_id, now),
            receipt=receipt,
            now=now,
        )
        return receipt

    def _visitor(
        self, visitor_id: str | None, lead_id: str, fresh_visitor_id: str, now: datetime
    ) -> tuple[str | None, list[str], Rank]:
        """Return the visitor id to answer with, the visitors that the form claims, and its rank.

        For a visitor that is not free both are a new id, owned by this lead; what the visitor did
        before stays with the first person.
        """
        if not visitor_id:
            return None, [], Rank.FORM
        visitor = visitor_partition(visitor_id)
        owner = self._store.owner(visitor)
        if owner == lead_id:
            return visitor_id, [], Rank.OWN_BROWSER
        if owner is None and is_free(self._store, visitor, now):
            return visitor_id, [visitor], Rank.FORM
        return fresh_visitor_id, [visitor_partition(fresh_visitor_id)], Rank.FORM

    def _consents(
        self, form: FormDocument | None, submission: Submission, lead_id: str, now: datetime
    ) -> tuple[Consent, Consent] | None:
        """Return the consent before and after a ticked box, None for an empty box."""
        if not submission.consent.marketing:
            return None
        before = self._store.consent(lead_id)
        text = submission.consent.text or (form.consent_text if form else "")
        return before, given(before, text, now)


def events_from_submission(
    form_id: str,
    form: FormDocument | None,
    submission: Submission,
    *,
    lead_id: str,
    submission_id: str,
    claims: Sequence[str],
    rank: Rank,
    now: datetime,
) -> list[Event]:
    """Return a submission's events: the form, and the download of the asset that it gates."""
    partition = lead_partition(lead_id)
    page = submission.page
    properties: dict[str, Value] = {
        name: value for name, value in page.model_dump().items() if value
    }
    if page.url:
        properties["path"] = path_of(page.url)
    if form is None:
        properties["unregistered"] = True
    submitted = Event(
        partition=partition,
        id=own_event_id(partition, now, f"{form_id}/{submission_id}"),
        kind=Kind.FORM,
        name=form_id,
        at=now,
        captured_at=now,
        properties=properties,
        campaign=campaign_of(submission.campaign.model_dump(), page.url),
        fields=submission.fields.known(),
        joins=tuple(claims),
        rank=rank,
    )
    if form is None or form.asset is None:
        return [submitted]
    downloaded = Event(
        partition=partition,
        id=own_event_id(partition, now, f"{form_id}/{submission_id}/asset"),
        kind=Kind.TRACK,
        name=ASSET_DOWNLOADED,
        at=now,
        captured_at=now,
        properties={"asset": form.asset.id, "form": form_id},
    )
    return [submitted, downloaded]
