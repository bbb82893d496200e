"""What simulations and publishes keep beside their jobs: lists of leads, a document, whose turn it
is to publish, and what was simulated.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.jobs.job import Job, JobStatus
from chalicelib.limits import JOB_KEPT_DAYS
from chalicelib.publishing.ports import Findings, ListedLead, ListPart
from chalicelib.publishing.state import CountState, PublishState, Simulated
from chalicelib.publishing.versions import Active, StoredModel
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.jobs import Jobs, item_beside, json_text
from chalicelib.store.models import Models
from chalicelib.store.table import ABSENT, GUARDED, Item, Put, Table


class PublishJobs:
    """Writes a job of publishing in one transaction with what belongs to it."""

    def __init__(self, *, table: Table, jobs: Jobs, models: Models) -> None:
        self._table = table
        self._jobs = jobs
        self._models = models

    def create(
        self,
        job: Job[CountState],
        parts: Sequence[ListPart] = (),
        document: StoredModel | None = None,
    ) -> None:
        """Write a new simulation. Its list and its document are there before the job can be seen.

        Raise ConflictError.
        """
        for number, part in enumerate(parts):
            self._table.write(_put_part(job, number, part))
        if document is not None:
            item = item_beside(job, keys.DOCUMENT, {"document": json_text(document)})
            self._table.write(Put(item, ABSENT))
        self._jobs.create(job)

    def begin(self, job: Job[Any], of: str | None = None) -> str | None:
        """Write a new publish, unless another one runs: then return its id.

        of: the publish whose emails the job releases: then it is the turn of its releases. Raise
        ConflictError when another one begins at the same time.
        """
        pk = keys.job(of) if of else keys.PUBLISHING
        turn = self._table.get(pk, keys.TURN)
        if turn is not None and self._runs(str(turn["job_id"])):
            return str(turn["job_id"])
        # A publish that is over stays over, so it need not give its turn back: of several that find
        # it over, one takes the turn on the version that all of them read.
        version = int(turn["version"]) if turn else 0
        self._table.write(
            self._jobs.put_new(job),
            Put(_turn_item(pk, version + 1, job), {"version": version or None}),
        )
        return None

    def save(self, before: Job[Any], after: Job[Any], findings: Findings) -> None:
        """Replace a job together with what it found. Raise ConflictError."""
        writes = [self._jobs.put(before, after)]
        writes += [
            _put_part(after, number, part)
            for number, part in enumerate(findings.parts, findings.first)
        ]
        if findings.simulated is not None:
            writes.append(_put_simulated(findings.digest, findings.simulated))
        self._table.write(*writes)

    def activate(
        self,
        before: Job[PublishState],
        after: Job[PublishState],
        *,
        version: int,
        active: Active | None,
    ) -> None:
        """Replace a job and make a version the active one, in one transaction. Raise
        ConflictError.

        active: which one was active until then.
        """
        held_by = after.id if after.state.hold_emails else None
        activation = self._models.activation(version, active, held_by=held_by)
        self._table.write(self._jobs.put(before, after), *activation)

    def part(self, job_id: str, number: int) -> ListPart:
        """Return a part of a job's list."""
        item = self._table.get(keys.job(job_id), keys.part(number))
        return list(json.loads(str(item["leads"]))) if item else []

    def parts(self, job_id: str, first: int) -> Iterator[ListedLead]:
        """Return a job's list from a part on."""
        for item in self._table.query(
            keys.job(job_id), first=keys.part(first), last=keys.PART + keys.END
        ):
            yield from json.loads(str(item["leads"]))

    def document(self, job_id: str) -> StoredModel | None:
        """Return the document of a job's own that it simulates, or None."""
        item = self._table.get(keys.job(job_id), keys.DOCUMENT)
        document: StoredModel | None = json.loads(str(item["document"])) if item else None
        return document

    def simulated(self, digest: str) -> Simulated | None:
        """Return the newest simulation of a document, or None."""
        item = self._table.get(keys.simulated(digest), keys.SIMULATED)
        return Simulated(int(item["changed"]), from_epoch_ms(int(item["at_ms"]))) if item else None

    def remember(self, digest: str, simulated: Simulated) -> None:
        """Keep the newest simulation of a document."""
        self._table.write(_put_simulated(digest, simulated))

    def _runs(self, job_id: str) -> bool:
        job = self._jobs.read(job_id)
        return job is not None and job.status is JobStatus.RUNNING


def _put_part(job: Job[Any], number: int, leads: ListPart) -> Put:
    return Put(item_beside(job, keys.part(number), {"leads": json_text(leads)}), GUARDED)


def _turn_item(pk: str, version: int, job: Job[Any]) -> Item:
    item: Item = {
        "pk": pk,
        "sk": keys.TURN,
        "schema": keys.SCHEMA,
        "version": version,
        "job_id": job.id,
    }
    if pk != keys.PUBLISHING:
        item |= expires_after(job.created_at, JOB_KEPT_DAYS)
    return item


def _put_simulated(digest: str, simulated: Simulated) -> Put:
    item: Item = {
        "pk": keys.simulated(digest),
        "sk": keys.SIMULATED,
        "schema": keys.SCHEMA,
        "changed": simulated.changed,
        "at_ms": epoch_ms(simulated.at),
        **expires_after(simulated.at, JOB_KEPT_DAYS),
    }
    return Put(item, GUARDED)
