"""Take a form submission: check it, join its visitor, and store it whole or not at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field, model_validator

from chalicelib.capture.cutting import warnings_of, within
from chalicelib.capture.joining import Claim, SubmissionReceipt, SubmissionStore, is_free, joins_of
from chalicelib.capture.submission import Submission
from chalicelib.consent.consent import Proof
from chalicelib.document import Document, read_document
from chalicelib.errors import FieldError, InputError, KeyReusedError
from chalicelib.events import (
    Event,
    Kind,
    Owner,
    Rank,
    Value,
    lead_partition,
    own_event_id,
    visitor_partition,
)
from chalicelib.inputs.urls import campaign_of, path_of
from chalicelib.limits import (
    FORM_MAX_FIELDS,
    FORM_STORED_MAX_BYTES,
    LINE_MAX_CHARS,
    TEXT_MAX_CHARS,
    URL_MAX_CHARS,
)
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
    """The sentence beside the marketing box: the proof, whatever a submission says stood there."""


Registered = tuple[Mapping[str, Any], int | None]
"""A stored form, and the number of its version."""


class Forms:
    """Take form submissions."""

    def __init__(
        self,
        *,
        store: SubmissionStore,
        read_form: Callable[[str], Registered | None],
        lead_id_of: Callable[[str], str],
        identity_secret: Callable[[], bytes],
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._read_form = read_form
        self._identity_secret = identity_secret
        self._lead_id_of = lead_id_of
        self.runtime = runtime

    def form(self, form_id: str) -> FormDocument | None:
        """Return a registered form, or None.

        An unknown form is captured all the same, marked as unregistered: no lead may be lost.
        """
        stored = self._read_form(form_id)
        return read_document(FormDocument, stored[0]) if stored else None

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

    def warnings(self, form_id: str, submission: Submission) -> list[FieldError]:
        """Return what is cut of a submission when it is stored, under its sender's names."""
        partition = lead_partition(self._lead_id_of(submission.fields.email))
        form = self.form(form_id)
        _, cut = _submitted(form_id, form, submission, partition, self.runtime.now())
        # The path is that of the page's URL, which is named itself.
        named = [path for path in cut if path != "properties.path"]
        return warnings_of(named, lambda path: path.replace("properties.", "page.", 1))

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
        secret = self._identity_secret()
        before = self._store.receipt(form_id, submission_id)
        if before is not None:
            if before.body_hash not in submission.digests(secret):
                words = "was already used for a different submission; use a new one"
                raise KeyReusedError(FieldError("submission_id", words))
            return before
        now = self.runtime.now()
        lead_id = self._lead_id_of(submission.fields.email)
        # Always a new id, drawn before anything is looked up: the answer is the same for every
        # address, known or not, and whoever the visitor is (ADR 0037).
        visitor_id = fresh_visitor_id if submission.visitor_id else None
        posted = visitor_partition(submission.visitor_id) if submission.visitor_id else None
        owner = self._store.owner(posted) if posted else None
        rank = _rank_of(owner, lead_id)
        claimed = [visitor_partition(fresh_visitor_id)] if posted else []
        # A browser stays with the first lead that claims it: two people may share it.
        if posted and owner is None and is_free(self._store, posted, now):
            claimed.append(posted)
        body_hash = submission.digest(secret)
        receipt = SubmissionReceipt(form_id, submission_id, visitor_id, body_hash)
        # Only a submission that is new is counted; one that has to be tried again counts twice.
        admitted = self._store.admit_to_lead(
            lead_id, submission=_told_apart(receipt), joins=len(claimed), rank=rank, now=now
        )
        # The browser of a lead's first form is the lead's own.
        browser_rank = Rank.OWN_BROWSER if posted and admitted.is_first else rank
        wanted = Owner(lead_id, browser_rank)
        claims = [Claim(visitor, None, wanted) for visitor in claimed[: admitted.room]]
        events = events_from_submission(
            form_id,
            form,
            submission,
            lead_id=lead_id,
            submission_id=submission_id,
            claims=claims,
            rank=rank,
            browser_rank=browser_rank,
            is_surplus=not admitted.counts,
            now=now,
        )
        self._store.accept(
            events,
            lead_id=lead_id,
            claims=claims,
            proof=self._proof(form_id, form, submission, events[0]),
            receipt=receipt,
            now=now,
        )
        return receipt

    def _proof(
        self, form_id: str, form: FormDocument | None, submission: Submission, submitted: Event
    ) -> Proof | None:
        """Return the proof of a ticked box, None for an empty one. submitted: the form's event."""
        box = submission.consent
        if not box.marketing:
            return None
        _, version = self._read_form(form_id) or (None, None)
        own = form.consent_text if form else ""
        return Proof(
            at=submitted.at,
            text=own or box.text,
            said=box.text,
            event_id=submitted.id,
            form=form_id,
            form_version=version,
            page=str(submitted.properties.get("url", "")),
            rank=submitted.rank,
        )


def _told_apart(receipt: SubmissionReceipt) -> str:
    """Return a short hash that no other submission has, also none that borrows the id later."""
    whole = f"{receipt.form_id}\n{receipt.submission_id}\n{receipt.body_hash}"
    return sha256(whole.encode()).hexdigest()[:16]


def _rank_of(owner: Owner | None, lead_id: str) -> Rank:
    """Return the rank of a lead's form from a browser. owner: whose the browser is.

    A browser that only a stranger's form claimed for the lead is not its own: whoever types an
    address twice is no better known for it (ADR 0037).
    """
    is_own = owner and owner.lead_id == lead_id and owner.rank >= Rank.OWN_BROWSER
    return Rank.OWN_BROWSER if is_own else Rank.FORM


def events_from_submission(
    form_id: str,
    form: FormDocument | None,
    submission: Submission,
    *,
    lead_id: str,
    submission_id: str,
    claims: Sequence[Claim],
    rank: Rank,
    browser_rank: Rank,
    is_surplus: bool,
    now: datetime,
) -> list[Event]:
    """Return a submission's events: the form, and the download of the asset that it gates."""
    partition = lead_partition(lead_id)
    said, _ = _submitted(form_id, form, submission, partition, now)
    submitted = replace(
        said,
        id=own_event_id(partition, now, f"{form_id}/{submission_id}"),
        joins=joins_of(claims),
        rank=rank,
        browser_rank=browser_rank,
        is_surplus=is_surplus,
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
        is_surplus=is_surplus,
    )
    return [submitted, downloaded]


def _submitted(
    form_id: str, form: FormDocument | None, submission: Submission, partition: str, now: datetime
) -> tuple[Event, list[str]]:
    """Return what a submission says, as an event still without an id, and what was cut of it."""
    page = submission.page
    properties: dict[str, Value] = {
        name: value for name, value in page.model_dump().items() if value
    }
    if page.url:
        properties["path"] = path_of(page.url)
    if form is None:
        properties["unregistered"] = True
    said = Event(
        partition=partition,
        id="",
        kind=Kind.FORM,
        name=form_id,
        at=now,
        captured_at=now,
        properties=properties,
        campaign=campaign_of(submission.campaign.model_dump(), page.url),
        fields=submission.fields.known(),
    )
    return within(said, FORM_STORED_MAX_BYTES)
