"""Take a form submission: check it, join its visitor, and store it whole or not at all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chalicelib.capture.cutting import within
from chalicelib.capture.double_opt_in import MustConfirm, asking
from chalicelib.capture.form_document import FormDocument
from chalicelib.capture.form_events import cut_of, events_of, said_by, with_download
from chalicelib.capture.joining import (
    Admission,
    Claim,
    SubmissionReceipt,
    SubmissionStore,
    browser_of,
)
from chalicelib.capture.origins import is_allowed_origin, redirect_of
from chalicelib.capture.posted import Posted
from chalicelib.capture.screening.candidates import candidate_of, marked
from chalicelib.capture.screening.kept import KeptForm
from chalicelib.capture.screening.screening import ScreenedOnce
from chalicelib.capture.screening.verdict import Candidate, Verdict
from chalicelib.capture.seen import SeenForms
from chalicelib.capture.sender import Sender
from chalicelib.capture.submission import Submission
from chalicelib.capture.understanding import understand
from chalicelib.consent.consent import Proof
from chalicelib.document import read_document
from chalicelib.errors import ConflictError, FieldError, KeyReusedError, OriginError
from chalicelib.events import (
    BROWSER_LANGUAGE,
    Event,
    Owner,
    Rank,
    lead_partition,
    visitor_partition,
)
from chalicelib.limits import FORM_STORED_MAX_BYTES
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import persist, until_written

Registered = tuple[Mapping[str, Any], int | None]
"""A stored form, and the number of its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A submission that was taken."""

    receipt: SubmissionReceipt
    warnings: Sequence[FieldError]
    """What was repaired, cut or left out, under its sender's names."""
    next_page: str | None
    """Where a browser goes on; None for the built-in page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A submission on its way into the store."""

    form_id: str
    form: FormDocument | None
    submission: Submission
    submission_id: str
    lead_id: str
    event: Event
    """What it says, within what is stored of one event; still without its id and its rank."""
    fresh_visitor_id: str
    screened: ScreenedOnce
    admitted: list[Admission] = field(default_factory=list)
    """How it was counted, once it was: one more try to store it is not one more form."""


class Forms:
    """Take form submissions."""

    def __init__(
        self,
        *,
        store: SubmissionStore,
        read_form: Callable[[str], Registered | None],
        seen: SeenForms,
        lead_id_of: Callable[[str], str],
        country: Callable[[], str | None],
        identity_secret: Callable[[], bytes],
        own_domains: Callable[[], Collection[str]],
        must_confirm: MustConfirm,
        screen: Callable[[Candidate], Verdict],
        runtime: Runtime,
    ) -> None:
        self._own_domains = own_domains
        self._store = store
        self._read_form = read_form
        self._seen = seen
        self._country = country
        self._identity_secret = identity_secret
        self._must_confirm = must_confirm
        self._lead_id_of = lead_id_of
        self._screen = screen
        self.runtime = runtime

    def form(self, form_id: str) -> FormDocument | None:
        """Return a registered form, or None.

        An unknown form is captured all the same, marked as unregistered: no lead may be lost.
        """
        stored = self._read_form(form_id)
        return read_document(FormDocument, stored[0]) if stored else None

    def submit(
        self, form_id: str, posted: Posted, *, key: str | None = None, sender: Sender = Sender()
    ) -> Accepted:
        """Store a submission; a repeated one returns the first receipt and counts once.

        One that is screened is kept as spam, and answered as any other (ADR 0044).

        key: the Idempotency-Key header. Raise InputError for a missing address or required field,
        OriginError for a page that may not post this form, KeyReusedError for a key that was used
        for another submission.
        """
        # A busy table must not lose a lead: whatever a form reads and writes is tried again.
        form, country = persist(lambda: (self.form(form_id), self._country()), self.runtime.pause)
        if form is not None and not is_allowed_origin(form, sender.origin):
            raise OriginError(FieldError("Origin", "may not post this form"))
        submission = understand(posted, form, key=key, country=country)
        lead_id = self._lead_id_of(submission.email)
        now = self.runtime.now()
        partition = lead_partition(lead_id)
        said = said_by(form_id, form, submission, partition, now, self._own_domains)
        if sender.language:
            said = replace(said, properties={**said.properties, BROWSER_LANGUAGE: sender.language})
        # What is cut of it does not depend on when, or how often, it is tried: it is cut once.
        event, cut = within(said, FORM_STORED_MAX_BYTES)
        candidate = candidate_of(form_id, form, submission, sender, now)
        taken = _Taken(
            form_id=form_id,
            form=form,
            submission=submission,
            # Drawn once, so that each try is the same submission.
            submission_id=submission.submission_id or self.runtime.new_id(),
            lead_id=lead_id,
            event=event,
            fresh_visitor_id=self.runtime.new_id(),
            screened=ScreenedOnce(self._screen, candidate),
        )
        receipt, is_new = self._accept(taken)
        if form is None and is_new:
            self._note(form_id, event)
        next_page, ignored = redirect_of(form, submission, posted)
        return Accepted(
            receipt=receipt,
            warnings=[*submission.warnings, *cut_of(submission, cut), *ignored],
            next_page=next_page,
        )

    def _note(self, form_id: str, event: Event) -> None:
        try:
            self._seen.note(form_id, list(event.fields), self.runtime.now())
        except ConflictError:  # a count that is missed, and no lead
            log("busy", task="seen_form")

    @until_written
    def _accept(self, taken: _Taken) -> tuple[SubmissionReceipt, bool]:
        """Return the receipt, and whether the form is new and not spam."""
        lead_id, form_id, key = taken.lead_id, taken.form_id, taken.submission_id
        named = taken.submission.visitor_id
        posted = visitor_partition(named) if named else None
        store = self._store.read_ahead(form_id, key, lead_id=lead_id, visitor=posted)
        before = self._receipt_of(store, taken)
        if before is not None:
            return before, False
        now = self.runtime.now()
        fresh = visitor_partition(taken.fresh_visitor_id)
        rank, wanted = browser_of(store, posted, fresh, lead_id, now)
        # Always a new id, drawn before anything is looked up: the answer is the same for every
        # address, known or not, and whoever the visitor is (ADR 0037).
        visitor_id = taken.fresh_visitor_id if posted else None
        body_hash = taken.submission.digest(self._identity_secret())
        receipt = SubmissionReceipt(taken.form_id, taken.submission_id, visitor_id, body_hash)
        verdict = taken.screened(is_own_browser=rank >= Rank.OWN_BROWSER)
        if verdict.reason is not None:
            kept = self._kept(store, taken, verdict, rank=rank, wanted=wanted, now=now)
            store.keep(kept, lead_id=lead_id, receipt=receipt)
            return receipt, False
        # Only a submission that is new is counted, and by its first try (ADR 0033).
        if not taken.admitted:
            admitted = store.admit_to_lead(
                lead_id, submission=receipt.told_apart, joins=len(wanted), rank=rank, now=now
            )
            taken.admitted.append(admitted)
        (admitted,) = taken.admitted
        # The browser of a lead's first form is the lead's own.
        browser_rank = Rank.OWN_BROWSER if posted and admitted.is_first else rank
        owner = Owner(lead_id, browser_rank)
        claims = [Claim(visitor, None, owner) for visitor in wanted[: admitted.room]]
        events = events_of(
            marked(taken.event, verdict),
            taken.form,
            submission_id=taken.submission_id,
            claims=claims,
            rank=rank,
            browser_rank=browser_rank,
            is_surplus=not admitted.counts,
            now=now,
        )
        events = [self._asking(store, taken, events[0]), *events[1:]]
        store.accept(
            events,
            lead_id=lead_id,
            claims=claims,
            proof=self._proof(taken, events[0]),
            receipt=receipt,
            now=now,
        )
        return receipt, True

    def _kept(
        self,
        store: SubmissionStore,
        taken: _Taken,
        verdict: Verdict,
        *,
        rank: Rank,
        wanted: Sequence[str],
        now: datetime,
    ) -> KeptForm:
        """Return a screened submission as it is kept: with what it would have done.

        rank: of its browser; wanted: the visitors that it would have claimed.
        """
        submitted, *_ = events_of(
            marked(taken.event, verdict),
            None,
            submission_id=taken.submission_id,
            claims=[],
            rank=rank,
            browser_rank=rank,
            is_surplus=False,
            now=now,
        )
        event = replace(
            self._asking(store, taken, submitted),
            joins=tuple(wanted),
            screened=str(verdict.reason),
        )
        return KeptForm(event=event, proof=self._proof(taken, event))

    def released(self, submitted: Event) -> list[Event]:
        """Return the events of a screened form that is released: that form, and its download."""
        return with_download(submitted, self.form(submitted.name), submitted.id)

    def _receipt_of(self, store: SubmissionStore, taken: _Taken) -> SubmissionReceipt | None:
        """Return the receipt of the same submission, None for a new one. Raise KeyReusedError."""
        before = store.receipt(taken.form_id, taken.submission_id)
        if before is None:
            return None
        if before.body_hash != taken.submission.digest(self._identity_secret()):
            words = "was already used for a different submission; use a new one"
            raise KeyReusedError(FieldError("submission_id", words))
        return before

    def _asking(self, store: SubmissionStore, taken: _Taken, submitted: Event) -> Event:
        """Return the form's event, marked where its ticked box counts only once it is confirmed."""
        if not taken.submission.consent.marketing:
            return submitted
        form_says = taken.form.double_opt_in if taken.form else None
        countries = store.countries(taken.lead_id)
        must_confirm = self._must_confirm(submitted, countries=countries, form_says=form_says)
        return asking(submitted) if must_confirm else submitted

    def _proof(self, taken: _Taken, submitted: Event) -> Proof | None:
        """Return the proof of a ticked box, None for an empty one. submitted: the form's event."""
        box = taken.submission.consent
        if not box.marketing:
            return None
        _, version = self._read_form(taken.form_id) or (None, None)
        own = taken.form.consent_text if taken.form else ""
        return Proof(
            at=submitted.at,
            text=own or box.text,
            said=box.text or box.sent,
            event_id=submitted.id,
            form=taken.form_id,
            form_version=version,
            page=str(submitted.properties.get("url", "")),
            rank=submitted.rank,
        )
