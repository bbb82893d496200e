"""Counts the recipients of a mailing, lets a person confirm that number, and cancels it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Protocol

from chalicelib.document import read_document
from chalicelib.editing.version import DocumentVersion
from chalicelib.errors import NotFoundError, StateError
from chalicelib.events import epoch_ms, rfc3339
from chalicelib.jobs.job import Job, JobStatus, shape_job
from chalicelib.limits import MAILING_AHEAD_MAX_DAYS, WAIT_MAX_HOURS
from chalicelib.nurture.mailings.counting import COUNT_MAILING, CountingState
from chalicelib.nurture.mailings.documents import MailingDocument
from chalicelib.nurture.mailings.mailing import Mailing, MailingStatus
from chalicelib.nurture.mailings.planning import SEND_MAILING, PlanningState
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import until_written

COUNTED_AHEAD = timedelta(days=MAILING_AHEAD_MAX_DAYS)
LEAVES_FOR = timedelta(hours=WAIT_MAX_HOURS)
"""After its time nothing of a mailing waits for longer."""


class DocumentReader(Protocol):
    """Where documents are read as they are now."""

    def revision(self) -> int:
        """Return how often any document was put or deleted."""

    def current(self, kind: str, document_id: str) -> DocumentVersion | None:
        """Return the newest version of a document, also of a deleted one; None: never put."""


class MailingStore(Protocol):
    """Where it is kept what became of mailings."""

    def read(self, mailing_id: str) -> Mailing | None:
        """Return a mailing as it stands; None for one that was never counted."""

    def save(self, after: Mailing) -> None:
        """Replace a mailing. Raise ConflictError when another change was first."""

    def begin(self, after: Mailing, job: Job[Any], revision: int | None = None) -> None:
        """Replace a mailing in one transaction with a new job of it.

        revision: no document may have changed since. Raise ConflictError.
        """


class Mailings:
    """The use cases of mailings.

    job: reads one; zone: returns the company's.
    """

    def __init__(
        self,
        *,
        store: MailingStore,
        documents: DocumentReader,
        job: Callable[[str], Job[Any] | None],
        zone: Callable[[], tzinfo],
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._documents = documents
        self._job = job
        self._zone = zone
        self.runtime = runtime

    @until_written
    def count(self, mailing_id: str) -> dict[str, Any]:
        """Begin to fix the recipients, and why others are none. Return the job, which the clock
        does from its next tick on.

        Raise NotFoundError, StateError.
        """
        mailing = self._document(mailing_id)
        before = self._store.read(mailing_id)
        if before is not None and before.status is not MailingStatus.COUNTED:
            raise StateError(f"this mailing was {before.status}, so it is not counted again")
        now = self.runtime.now()
        state = CountingState(
            mailing=mailing_id,
            list=mailing.list,
            email=mailing.email,
            at=rfc3339(self._leaves_at(mailing, now)),
            versions=self._versions(mailing),
        )
        job = Job(
            id=self.runtime.new_id(), kind=COUNT_MAILING, state=state, created_at=now, due_at=now
        )
        version = before.version + 1 if before else 1
        self._store.begin(Mailing(id=mailing_id, count_job=job.id, version=version), job)
        return shape_job(job, None)

    @until_written
    def confirm(self, mailing_id: str, recipients: int, *, author: str) -> Mailing:
        """Let a mailing leave at its time. recipients: how many were counted. Return it then.

        Raise NotFoundError, and StateError when that is not their number, or when the mailing, its
        list or its email have changed since they were counted.
        """
        # Read first: what is read of the documents below is no older, so the write fails when one
        # of them has changed since (ADR 0029).
        revision = self._documents.revision()
        mailing = self._document(mailing_id)
        before = self._store.read(mailing_id)
        if before is None:
            raise StateError("nobody has counted its recipients yet; count them first")
        if before.status is not MailingStatus.COUNTED:
            raise StateError(f"this mailing was {before.status} already")
        job = self._counted_by(before, mailing, recipients)
        now = self.runtime.now()
        at = self._leaves_at(mailing, now)
        state = PlanningState(
            mailing=mailing_id,
            count_job=job.id,
            counted_at_ms=epoch_ms(job.created_at),
            parts=job.state.parts,
        )
        send = Job(
            id=self.runtime.new_id(), kind=SEND_MAILING, state=state, created_at=now, due_at=at
        )
        after = replace(
            before,
            status=MailingStatus.CONFIRMED,
            send_job=send.id,
            email=mailing.email,
            at=at,
            recipients=recipients,
            author=author,
            version=before.version + 1,
        )
        self._store.begin(after, send, revision)
        log("mailing", id=mailing_id, state=after.status)
        return after

    def _counted_by(
        self, before: Mailing, mailing: MailingDocument, recipients: int
    ) -> Job[CountingState]:
        """Return the job that counted so many recipients of a mailing as it is now. Raise
        StateError when there is none.
        """
        job = self._job(before.count_job)
        if job is None or job.status is JobStatus.FAILED:
            raise StateError("its recipients are not known any more; count them again")
        if job.status is not JobStatus.DONE:
            raise StateError(f"its recipients are still being counted, by the job {job.id}")
        counted: CountingState = job.state
        if self._versions(mailing) != counted.versions:
            raise StateError(
                "the mailing, its list or its email has changed since the recipients were counted;"
                " count them again"
            )
        if recipients != counted.recipients:
            raise StateError(
                f"{counted.recipients} recipients were counted, not {recipients}; look at the job"
                f" {job.id}"
            )
        if not recipients:
            raise StateError("nobody would get it")
        return job

    @until_written
    def cancel(self, mailing_id: str, *, author: str) -> Mailing:
        """Let nothing more of a confirmed mailing leave. Return it then. Raise StateError."""
        before = self._store.read(mailing_id)
        if before is None or before.status is not MailingStatus.CONFIRMED:
            raise StateError("only a confirmed mailing can be cancelled; this one does not leave")
        after = replace(
            before, status=MailingStatus.CANCELLED, author=author, version=before.version + 1
        )
        self._store.save(after)
        log("mailing", id=mailing_id, state=after.status)
        return after

    def is_leaving(self, mailing_id: str) -> bool:
        """Return whether emails of a mailing are still to leave, or may wait to."""
        found = self._store.read(mailing_id)
        if found is None or found.status is not MailingStatus.CONFIRMED or found.at is None:
            return False
        return self.runtime.now() < found.at + LEAVES_FOR

    def show(self, mailing_id: str, numbers: Mapping[str, Any]) -> dict[str, Any]:
        """Return how far a mailing came. numbers: of its emails. Raise NotFoundError."""
        found = self._store.read(mailing_id)
        if found is None:
            self._document(mailing_id)
            return {"mailing_id": mailing_id, "state": None, **numbers}
        job = self._job(found.count_job)
        return {
            "mailing_id": mailing_id,
            "state": found.status.value,
            "at": rfc3339(found.at) if found.at else None,
            "recipients": found.recipients,
            "author": found.author or None,
            "count_job": found.count_job,
            "counted": job.report if job is not None and job.status is JobStatus.DONE else None,
            "send_job": found.send_job,
            **numbers,
        }

    def _document(self, mailing_id: str) -> MailingDocument:
        found = self._documents.current("mailing", mailing_id)
        if found is None or found.deleted:
            raise NotFoundError("there is no such mailing")
        return read_document(MailingDocument, found.document)

    def _leaves_at(self, mailing: MailingDocument, now: datetime) -> datetime:
        at = mailing.leaves_at(self._zone())
        if at < now:
            raise StateError(f"its time, {mailing.at}, has passed; put a later one")
        if at > now + COUNTED_AHEAD:
            raise StateError(
                f"its time, {mailing.at}, is more than {MAILING_AHEAD_MAX_DAYS} days ahead; count"
                " its recipients nearer to it"
            )
        return at

    def _versions(self, mailing: MailingDocument) -> dict[str, int]:
        """Return the versions of a mailing and of what it names. Raise StateError."""
        named = {"mailing": mailing.id, "list": mailing.list, "email": mailing.email}
        found = {kind: self._documents.current(kind, one) for kind, one in named.items()}
        for kind, one in found.items():
            if one is None or one.deleted:
                raise StateError(f"there is no {kind} {named[kind]} any more; put it first")
        return {kind: one.version for kind, one in found.items() if one is not None}
