"""What marketers do with the model: draft it, try it out, publish it, go back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.days import ordinal_of
from chalicelib.errors import DocumentError, FieldError, InputError, NotFoundError, StateError
from chalicelib.events import rfc3339
from chalicelib.limits import REQUEST_SLICE_SECONDS, SIMULATION_HOURS
from chalicelib.publishing.counting import found_so_far, in_parts
from chalicelib.publishing.ports import Jobs, Listed, Models
from chalicelib.publishing.runner import Runner
from chalicelib.publishing.versions import Document, Version, digest_of
from chalicelib.publishing.work import LEASE, Job, JobKind, Simulated, Work, differs, shape
from chalicelib.telemetry import log, where
from chalicelib.writing import persist

SLICE = timedelta(seconds=REQUEST_SLICE_SECONDS)
SIMULATION_AGE = timedelta(hours=SIMULATION_HOURS)
JOB_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
# GET tells it in the document; a document that comes back with it is the same document
VERSION = "version"


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was simulated: the report of a small house at once, or the job that goes on."""

    report: Mapping[str, Any] | None
    job: Mapping[str, Any] | None


class Publishing:
    """The use cases of a model. runner: does the steps of jobs."""

    def __init__(
        self,
        models: Models,
        jobs: Jobs,
        runner: Runner,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        pause: Callable[[int], None],
    ) -> None:
        self._models, self._jobs, self._runner = models, jobs, runner
        self._now, self._new_id, self._pause = now, new_id, pause

    def document(self, version: int | None = None) -> dict[str, Any]:
        """The active model's document, or that of a version, with its number. Raises
        NotFoundError.
        """
        if version is None:
            active = self._models.pointer()
            if active is None:
                raise NotFoundError("there is no model yet")
            version = active.version
        return {**self._document(version), VERSION: version}

    def versions(self) -> list[dict[str, Any]]:
        """The versions, the newest first."""
        return [_version_shape(one) for one in self._models.versions()]

    def draft(self, document: Document) -> tuple[int, list[FieldError]]:
        """Store a document as the next version; its number, and what is allowed and probably not
        meant.

        Raises InputError naming each key that breaks the format.
        """
        document, warnings = _checked(document)
        return persist(lambda: self._models.draft(document), self._pause), warnings

    def simulate(
        self, *, version: int | None = None, document: Document | None = None
    ) -> Simulation:
        """What a version, or a document that nobody stores, would change.

        Raises NotFoundError for an unknown version, InputError for a document that breaks the
        format.
        """
        if document is not None:
            document, _ = _checked(document)
            digest = digest_of(document)
        else:
            digest = digest_of(self._document(version or 0))
        work = Work(digest=digest, version=version, **self._base())
        return self._simulate(work, document)

    def publish(self, version: int, expected: int | None, *, force: bool = False) -> dict[str, Any]:
        """Begin to publish a version; the job. expected: how many leads are to change stage.

        Raises NotFoundError for an unknown version, StateError when it is not to be published as
        things stand.
        """
        document = self._document(version)
        digest = digest_of(document)
        if not force:
            self._check_expected(version, digest, expected)
        now = self._now()
        work = Work(digest=digest, version=version, expected=expected, force=force, **self._base())
        job = Job(
            id=self._new_id(), kind=JobKind.PUBLISH, work=work, created_at=now, due_at=now + LEASE
        )
        running = persist(lambda: self._jobs.begin(job), self._pause)
        if running not in (None, job.id):  # its own: the answer to the first write was lost
            raise StateError(f"another publish is running, job {running}; wait until it is over")
        self._first_slice(job)
        return self.job(job.id)

    def job(self, job_id: str) -> dict[str, Any]:
        """A job as it stands. Raises NotFoundError."""
        job = self._jobs.read(job_id) if JOB_ID.fullmatch(job_id) else None
        if job is None:
            raise NotFoundError("there is no such job")
        told = shape(job)
        if told["report"] is not None and "leads" in told["report"]:
            told["report"]["leads"] = list(self._jobs.parts(job.id, job.work.first_part))
        return told

    def run(self, job_id: str, until: datetime) -> None:
        """Work on a job until a time: what the clock does with one that is due."""
        self._runner.run(job_id, until)

    def _simulate(self, work: Work, document: Document | None) -> Simulation:
        """Count for a few seconds; what is left then is a job's."""
        until, what_if, listed, over = (
            self._now() + SLICE,
            self._runner.what_if(work, document),
            list[Listed](),
            False,
        )
        while not over and self._now() < until:
            counted = self._runner.count(what_if, work, until)
            work, over = counted.work, counted.over
            listed += counted.listed
        if over:
            self._jobs.remember(work.digest, Simulated(found_so_far(work).changed, self._now()))
            return Simulation({**self._runner.found(work), "leads": listed}, None)
        now, parts, done = self._now(), in_parts(listed), found_so_far(work).leads
        job = Job(
            id=self._new_id(),
            kind=JobKind.SIMULATE,
            work=work,
            created_at=now,
            due_at=now,
            done=done,
            total=self._runner.estimate(work),
            parts=len(parts),
        )
        self._jobs.create(job, parts, document)
        return Simulation(None, shape(job))

    def _first_slice(self, job: Job) -> None:
        """Work on a new publish for a few seconds. What goes wrong goes wrong with the job, which
        stays due.
        """
        try:
            self._runner.work(job, self._now() + SLICE)
        except Exception as error:  # noqa: BLE001  the publish was accepted: the clock goes on with it
            log(
                "due_failed", task="job", key=job.id, error=type(error).__name__, where=where(error)
            )

    def _check_expected(self, version: int, digest: str, expected: int | None) -> None:
        """Raises StateError when a publish does not say what it will change, or says it wrongly."""
        active = self._models.pointer()
        if active is not None and active.version == version:
            raise StateError(f"version {version} is the active one already")
        if expected is None:
            raise StateError(
                "say in expected_changes how many leads you expect to change stage; simulate"
                " tells it"
            )
        simulated = self._jobs.simulated(digest)
        if simulated is None or self._now() - simulated.at > SIMULATION_AGE:
            raise StateError(
                f"version {version} was not simulated in the last {SIMULATION_HOURS} hours;"
                " simulate it"
            )
        if differs(simulated.changed, expected):
            raise StateError(
                f"{expected} leads are expected to change stage, and by the newest simulation"
                f" {simulated.changed} would; publish with expected_changes {simulated.changed}, or"
                " with force"
            )

    def _base(self) -> dict[str, Any]:
        """What a simulation compares with: the active model, today."""
        active = self._models.pointer()
        if active is None:
            raise StateError("there is no active model; load one with `make up` or `make deploy`")
        return {
            "base_version": active.version,
            "base_activation": active.activation,
            "day": ordinal_of(self._now(), active.zone),
        }

    def _document(self, version: int) -> Document:
        document = self._models.document(version)
        if document is None:
            raise NotFoundError(f"there is no version {version} of the model")
        return document


def _checked(document: Document) -> tuple[Document, list[FieldError]]:
    """A document as it is stored, and its warnings. Raises InputError naming what is refused."""
    from chalicelib.authoring.format import check  # only who stores a model pays for it

    document = {key: value for key, value in document.items() if key != VERSION}
    try:
        return document, list(check(document))
    except DocumentError as error:
        raise InputError(*(error.errors or [FieldError("model", str(error))])) from None


def _version_shape(version: Version) -> dict[str, Any]:
    return {
        VERSION: version.version,
        "name": version.name,
        "state": version.state.value,
        "created_at": rfc3339(version.created_at),
        "published_at": rfc3339(version.published_at) if version.published_at else None,
    }
