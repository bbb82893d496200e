"""Jobs, the lists that they make, whose turn it is to publish, and what was simulated."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from chalicelib.errors import ConflictError
from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.limits import JOB_KEPT_DAYS
from chalicelib.publishing.versions import Active, Document
from chalicelib.publishing.work import Job, JobKind, JobState, Simulated, work_of
from chalicelib.store import keys
from chalicelib.store.models import Models
from chalicelib.store.table import ABSENT, GUARDED, Item, Put, Table

KEPT = timedelta(days=JOB_KEPT_DAYS)
Part = Sequence[dict[str, Any]]


class Jobs:
    """Reads a job, writes each of its steps in one conditional write."""

    def __init__(self, table: Table, models: Models) -> None:
        self._table, self._models = table, models

    def read(self, job_id: str) -> Job | None:
        """A job as it stands, or None."""
        item = self._table.get(keys.job(job_id), keys.JOB)
        return _job_of(item) if item else None

    def create(
        self, job: Job, parts: Sequence[Part] = (), document: Document | None = None
    ) -> None:
        """Write a new job. Its list and its document stand before anybody can see the job."""
        for number, part in enumerate(parts):
            self._table.write(_part(job, number, part))
        if document is not None:
            self._table.write(Put(_document_item(job, document), ABSENT))
        self._table.write(Put(_job_item(job), ABSENT))

    def begin(self, job: Job) -> str | None:
        """Write a new publish, if no other one runs; otherwise the id of the one that does. Raises
        ConflictError.
        """
        item = self._table.get(keys.PUBLISHING, keys.TURN)
        if item and "job_id" in item:
            return str(item["job_id"])
        turn: Item = {"version": int(item["version"]) + 1 if item else 1, "job_id": job.id}
        expect = {"version": int(item["version"]) if item else None}
        self._table.write(Put(_job_item(job), ABSENT), Put(_turn_item(turn), expect))
        return None

    def save(
        self,
        before: Job,
        after: Job,
        parts: Sequence[Part] = (),
        simulated: Simulated | None = None,
    ) -> None:
        """Replace a job, with the parts that its list got, and with what it found of its document.

        A publish that is over gives its turn to the next one, in the same transaction. Raises
        ConflictError.
        """
        writes = [*self._replace(before, after, parts)]
        if simulated is not None:
            writes.append(Put(_simulated_item(after.work.digest, simulated), GUARDED))
        self._table.write(*writes)

    def activate(self, before: Job, after: Job, version: int, active: Active | None) -> None:
        """Make a version the active one and say so in the job, in one transaction. Raises
        ConflictError.
        """
        self._table.write(
            *self._replace(before, after, ()), *self._models.activation(version, active)
        )

    def part(self, job_id: str, number: int) -> Part:
        """A part of a job's list."""
        item = self._table.get(keys.job(job_id), keys.part(number))
        return list(json.loads(str(item["leads"]))) if item else []

    def parts(self, job_id: str, first: int) -> Iterator[dict[str, Any]]:
        """A job's list from a part on."""
        for item in self._table.query(
            keys.job(job_id), first=keys.part(first), last=keys.PART + keys.END
        ):
            yield from json.loads(str(item["leads"]))

    def document(self, job_id: str) -> Document | None:
        """The document that a job simulates, when it is no version."""
        item = self._table.get(keys.job(job_id), keys.DOCUMENT)
        document: Document | None = json.loads(str(item["document"])) if item else None
        return document

    def simulated(self, digest: str) -> Simulated | None:
        """The newest simulation of a document, or None."""
        item = self._table.get(keys.simulated(digest), keys.SIMULATED)
        return Simulated(int(item["changed"]), from_epoch_ms(int(item["at_ms"]))) if item else None

    def remember(self, digest: str, simulated: Simulated) -> None:
        """Keep what the newest simulation of a document found."""
        self._table.write(Put(_simulated_item(digest, simulated), GUARDED))

    def _replace(self, before: Job, after: Job, parts: Sequence[Part]) -> list[Put]:
        assert after.version == before.version + 1, "every save is a version of its own"
        writes = [Put(_job_item(after), {"version": before.version})]
        writes += [_part(after, before.parts + number, part) for number, part in enumerate(parts)]
        if after.kind is JobKind.PUBLISH and after.state is not JobState.RUNNING:
            item = self._table.get(keys.PUBLISHING, keys.TURN)
            if item is None or item.get("job_id") != after.id:
                raise ConflictError({})
            version = int(item["version"])
            writes.append(Put(_turn_item({"version": version + 1}), {"version": version}))
        return writes


def _job_item(job: Job) -> Item:
    item: Item = {
        "pk": keys.job(job.id),
        "sk": keys.JOB,
        "schema": keys.SCHEMA,
        "kind": job.kind.value,
        "state": job.state.value,
        "version": job.version,
        "done": job.done,
        "total": job.total,
        "parts": job.parts,
        "tries": job.tries,
        "created_at_ms": epoch_ms(job.created_at),
        "work": _packed(asdict(job.work)),
        "expires_at_epoch_s": _expiry(job.created_at),
    }
    if job.report is not None:
        item["report"] = _packed(job.report)
    if job.due_at is not None:
        item |= {
            "due_at_ms": epoch_ms(job.due_at),
            "due_pk": keys.DUE_JOBS,
            "due_sk": keys.due_at(job.due_at, job.id),
        }
    return item


def _job_of(item: Item) -> Job:
    return Job(
        id=str(item["pk"]).removeprefix(keys.JOB + "#"),
        kind=JobKind(str(item["kind"])),
        state=JobState(str(item["state"])),
        version=int(item["version"]),
        done=int(item["done"]),
        total=int(item["total"]),
        parts=int(item["parts"]),
        tries=int(item["tries"]),
        created_at=from_epoch_ms(int(item["created_at_ms"])),
        work=work_of(json.loads(str(item["work"]))),
        report=json.loads(str(item["report"])) if "report" in item else None,
        due_at=from_epoch_ms(int(item["due_at_ms"])) if "due_at_ms" in item else None,
    )


def _part(job: Job, number: int, leads: Part) -> Put:
    return Put(_beside(job, keys.part(number)) | {"leads": _packed(leads)}, GUARDED)


def _document_item(job: Job, document: Document) -> Item:
    return _beside(job, keys.DOCUMENT) | {"document": _packed(document)}


def _beside(job: Job, sk: str) -> Item:
    """An item of a job's partition, kept as long as the job."""
    expiry = _expiry(job.created_at)
    return {"pk": keys.job(job.id), "sk": sk, "schema": keys.SCHEMA, "expires_at_epoch_s": expiry}


def _turn_item(turn: Item) -> Item:
    return {"pk": keys.PUBLISHING, "sk": keys.TURN, "schema": keys.SCHEMA, **turn}


def _simulated_item(digest: str, simulated: Simulated) -> Item:
    return {
        "pk": keys.simulated(digest),
        "sk": keys.SIMULATED,
        "schema": keys.SCHEMA,
        "changed": simulated.changed,
        "at_ms": epoch_ms(simulated.at),
        "expires_at_epoch_s": _expiry(simulated.at),
    }


def _expiry(at: datetime) -> int:
    return epoch_ms(at + KEPT) // 1000


def _packed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
