"""What became of mailings: an item for each, and its recipients beside the job that counted them
(ADR 0064).
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.events import epoch_ms
from chalicelib.jobs.job import Job
from chalicelib.nurture.mailings.mailing import Mailing, MailingStatus
from chalicelib.store import keys
from chalicelib.store.attributes import time_in
from chalicelib.store.documents import next_revision
from chalicelib.store.jobs import Jobs, item_beside, json_text
from chalicelib.store.table import ABSENT, GUARDED, Item, Put, Table


class MailingItems:
    """Reads and replaces mailings. jobs: writes the jobs of one with it, where there are any."""

    def __init__(self, table: Table, jobs: Callable[[], Jobs]) -> None:
        self._table = table
        self._jobs = jobs

    def read(self, mailing_id: str) -> Mailing | None:
        """Return a mailing as it stands; None for one that was never counted."""
        item = self._table.get(keys.mailing(mailing_id), keys.MAILING)
        return _mailing_of(item) if item else None

    def save(self, after: Mailing) -> None:
        """Replace a mailing. Raise ConflictError when another change was first."""
        self._table.write(_put(after))

    def begin(self, after: Mailing, job: Job[Any], revision: int | None = None) -> None:
        """Replace a mailing in one transaction with a new job of it.

        revision: no document may have changed since: a confirmation is checked against them as a
        put is (ADR 0029). Raise ConflictError.
        """
        counted = [next_revision(revision)] if revision is not None else []
        self._table.write(_put(after), self._jobs().put_new(job), *counted)

    def save_part(
        self, before: Job[Any], after: Job[Any], number: int, recipients: Sequence[str]
    ) -> None:
        """Replace a job in one transaction with a part of its recipients. Raise ConflictError."""
        item = item_beside(after, keys.part(number), {"leads": json_text(recipients)})
        self._table.write(self._jobs().put(before, after), Put(item, GUARDED))

    def part(self, job_id: str, number: int) -> list[str]:
        """Return a part of the recipients."""
        item = self._table.get(keys.job(job_id), keys.part(number))
        return list(json.loads(str(item["leads"]))) if item else []


def _put(after: Mailing) -> Put:
    item: Item = {
        "pk": keys.mailing(after.id),
        "sk": keys.MAILING,
        "schema": keys.SCHEMA,
        "status": after.status.value,
        "count_job": after.count_job,
        "author": after.author,
        "version": after.version,
    }
    optional = {
        "send_job": after.send_job,
        "email": after.email,
        "at_ms": epoch_ms(after.at) if after.at else None,
        "recipients": after.recipients,
    }
    item |= {name: value for name, value in optional.items() if value is not None}
    is_first = after.version == 1
    return Put(item, ABSENT if is_first else {"version": after.version - 1})


def _mailing_of(item: Item) -> Mailing:
    return Mailing(
        id=str(item["pk"]).removeprefix(keys.mailing("")),
        status=MailingStatus(str(item["status"])),
        count_job=str(item["count_job"]),
        send_job=str(item["send_job"]) if "send_job" in item else None,
        email=str(item["email"]) if "email" in item else None,
        at=time_in(item, "at_ms"),
        recipients=int(item["recipients"]) if "recipients" in item else None,
        author=str(item["author"]),
        version=int(item["version"]),
    )
