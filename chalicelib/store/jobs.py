"""Jobs of any kind, and when they are due."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.events import epoch_ms, from_epoch_ms
from chalicelib.jobs.job import Job, JobStatus
from chalicelib.jobs.ports import StateCodec
from chalicelib.limits import JOB_KEPT_DAYS
from chalicelib.store import keys, places
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import ABSENT, Item, Put, Table


class Jobs:
    """Reads a job, writes each of its steps in one conditional write.

    codec_of: how the state of a kind of job is kept.
    """

    def __init__(self, *, table: Table, codec_of: Callable[[str], StateCodec[Any]]) -> None:
        self._table = table
        self._codec_of = codec_of

    def read(self, job_id: str) -> Job[Any] | None:
        """Return a job as it stands, or None."""
        item = self._table.get(keys.job(job_id), keys.JOB)
        if item is None:
            return None
        job = _job_of(item)
        return replace(job, state=self._codec_of(job.kind).decode(job.state))

    def create(self, job: Job[Any]) -> None:
        """Write a new job. Raise ConflictError."""
        self._table.write(self.put_new(job))

    def save(self, before: Job[Any], after: Job[Any]) -> None:
        """Replace a job, if it is still as before. Raise ConflictError."""
        self._table.write(self.put(before, after))

    def put_new(self, job: Job[Any]) -> Put:
        """Return the write of a new job."""
        return Put(self._item(job), ABSENT)

    def put(self, before: Job[Any], after: Job[Any]) -> Put:
        """Return the write that replaces a job, if it is still as before."""
        assert after.version == before.version + 1, "every save is a version of its own"
        return Put(self._item(after), {"version": before.version})

    def _item(self, job: Job[Any]) -> Item:
        item: Item = {
            "pk": keys.job(job.id),
            "sk": keys.JOB,
            "schema": keys.SCHEMA,
            "kind": job.kind,
            "status": job.status.value,
            "version": job.version,
            "done": job.done,
            "total": job.total,
            "tries": job.tries,
            "created_at_ms": epoch_ms(job.created_at),
            "state": json_text(self._codec_of(job.kind).encode(job.state)),
            **expires_after(job.created_at, JOB_KEPT_DAYS),
        }
        if job.report is not None:
            item["report"] = json_text(job.report)
        if job.not_before is not None:
            item["not_before_ms"] = epoch_ms(job.not_before)
        if job.due_at is not None:
            item |= {
                "due_at_ms": epoch_ms(job.due_at),
                "due_pk": keys.DUE_JOBS,
                "due_sk": places.due_at(job.due_at, job.id),
            }
        return item


def item_beside(job: Job[Any], sk: str, content: Item) -> Item:
    """Return an item of a job's partition, kept as long as the job."""
    return {
        "pk": keys.job(job.id),
        "sk": sk,
        "schema": keys.SCHEMA,
        **expires_after(job.created_at, JOB_KEPT_DAYS),
        **content,
    }


def json_text(value: Any) -> str:
    """Return JSON values as the text that is kept."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _job_of(item: Item) -> Job[Any]:
    """Return a job whose state is not yet decoded."""
    return Job(
        id=str(item["pk"]).removeprefix(keys.job("")),
        kind=str(item["kind"]),
        status=JobStatus(str(item["status"])),
        version=int(item["version"]),
        done=int(item["done"]),
        total=int(item["total"]),
        tries=int(item["tries"]),
        created_at=from_epoch_ms(int(item["created_at_ms"])),
        state=json.loads(str(item["state"])),
        report=json.loads(str(item["report"])) if "report" in item else None,
        not_before=_time(item, "not_before_ms"),
        due_at=_time(item, "due_at_ms"),
    )


def _time(item: Item, name: str) -> datetime | None:
    return from_epoch_ms(int(item[name])) if name in item else None
