"""What marketers do with the model: draft it, try it out, publish it, go back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib.days import ordinal_of, zone_of
from chalicelib.errors import NotFoundError, StateError
from chalicelib.jobs.job import LEASE, Job, JobStatus, shape_job
from chalicelib.jobs.runner import JobRunner
from chalicelib.limits import REQUEST_SLICE_SECONDS, SIMULATION_HOURS
from chalicelib.publishing.counting import LEADS, ChangeCounter, found_so_far, in_parts
from chalicelib.publishing.drafts import VERSION, Draft, checked, run_own_examples, version_shape
from chalicelib.publishing.ports import ListedLead, ModelStore, PublishStore
from chalicelib.publishing.publish_job import PUBLISH
from chalicelib.publishing.release_job import RELEASE
from chalicelib.publishing.simulate_job import SIMULATE
from chalicelib.publishing.state import (
    CountState,
    PublishState,
    ReleaseState,
    Simulated,
    differs,
)
from chalicelib.publishing.versions import Origin, StoredModel, digest_of
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log, where
from chalicelib.writing import until_written

SLICE = timedelta(seconds=REQUEST_SLICE_SECONDS)
SIMULATION_AGE = timedelta(hours=SIMULATION_HOURS)


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was simulated."""

    report: Mapping[str, Any] | None
    """What was found, where a request was long enough for it."""
    job: Mapping[str, Any] | None
    """The job that goes on, where it was not."""


class Publishing:
    """The use cases of a model."""

    def __init__(
        self,
        *,
        models: ModelStore,
        store: PublishStore,
        counter: ChangeCounter,
        runner: JobRunner,
        runtime: Runtime,
    ) -> None:
        self._models = models
        self._store = store
        self._counter = counter
        self._runner = runner
        self.runtime = runtime

    def document(self, version: int | None = None) -> dict[str, Any]:
        """Return the active model's document, or that of a version, with its number. Raise
        NotFoundError.
        """
        if version is None:
            active = self._models.pointer()
            if active is None:
                raise NotFoundError("there is no model yet")
            version = active.version
        return {**self._document(version), VERSION: version}

    def versions(self) -> list[dict[str, Any]]:
        """Return the versions, the newest first."""
        return [version_shape(one) for one in self._models.versions()]

    def source(self, version: int | None = None) -> str:
        """Return the active model, or a version, in YAML: as its author wrote it, with the
        comments, or made of a document that came as JSON. Raise NotFoundError.
        """
        from chalicelib.authoring.source import write_source  # few ask for it

        document = self.document(version)
        source = self._models.source(document.pop(VERSION))
        return source if source is not None else write_source(document)

    def draft(
        self,
        document: StoredModel,
        *,
        author: str | None = None,
        note: str | None = None,
        source: str | None = None,
    ) -> Draft:
        """Store a document as the next version, whether or not its examples hold.

        author, note: who stores it, and why; source: the document as it was written, in YAML.
        Raise InputError naming each key that breaks the format.
        """
        document, warnings = checked(document)
        until = self.runtime.now() + SLICE
        failing, late = run_own_examples(document, lambda: self.runtime.now() < until)
        origin = Origin(author=author, note=note, source=source)
        return Draft(self._store_draft(document, origin), [*warnings, *late], failing)

    def simulate(
        self, *, version: int | None = None, document: StoredModel | None = None
    ) -> Simulation:
        """Find what a version, or a document that is not stored, would change.

        Raise NotFoundError for an unknown version, InputError for a document that breaks the
        format.
        """
        if document is not None:
            document, _ = checked(document)
            digest = digest_of(document)
        else:
            digest = digest_of(self._document(version or 0))
        return self._simulate(self._new_count(digest, version), document)

    def publish(
        self,
        version: int,
        expected: int | None,
        *,
        force: bool = False,
        hold_emails: bool = True,
    ) -> dict[str, Any]:
        """Begin to publish a version. Return the job.

        expected: how many leads are to change stage; hold_emails: whether the emails that it causes
        wait for a release (ADR 0030). Raise NotFoundError for an unknown version,
        StateError when it is not to be published as things stand.
        """
        digest = digest_of(self._document(version))
        if not force:
            self._check_expected(version, digest, expected)
        state = PublishState(
            count=self._new_count(digest, version),
            expected=expected,
            force=force,
            hold_emails=hold_emails,
        )
        job = self._new_job(PUBLISH, state)
        running = self._begin(job)
        if running not in (None, job.id):  # its own: the answer to the first write was lost
            raise StateError(f"another publish is running, job {running}; wait until it is over")
        self._first_slice(job)
        return self._runner.show(job.id)

    @until_written
    def _store_draft(self, document: StoredModel, origin: Origin) -> int:
        return self._models.draft(document, origin)

    def release(self, job_id: str) -> dict[str, Any]:
        """Begin to release the emails that a publish holds. Return the job.

        Asked for again while it runs, it is the same job. Raise NotFoundError, StateError.
        """
        publish = self._runner.show(job_id)
        if publish["kind"] != PUBLISH:
            raise StateError(f"job {job_id} is not a publish; only a publish holds emails")
        if publish["state"] == JobStatus.RUNNING:
            raise StateError("the publish is still running; release its emails when it is over")
        job = self._new_job(RELEASE, ReleaseState(publish_id=job_id))
        running = self._begin(job, of=job_id)
        if running not in (None, job.id):
            return self._runner.show(str(running))
        self._first_slice(job)
        return self._runner.show(job.id)

    def _new_job(self, kind: str, state: Any) -> Job[Any]:
        """Return a job on which the request that wants it works first."""
        now = self.runtime.now()
        return Job(
            id=self.runtime.new_id(), kind=kind, state=state, created_at=now, due_at=now + LEASE
        )

    @until_written
    def _begin(self, job: Job[Any], of: str | None = None) -> str | None:
        return self._store.begin(job, of)

    def _simulate(self, state: CountState, document: StoredModel | None) -> Simulation:
        """Count for a few seconds; what is left then is for a job."""
        until = self.runtime.now() + SLICE
        what_if = self._counter.what_if(state, document)
        listed: list[ListedLead] = []
        over = False
        while not over and self.runtime.now() < until:
            stretch = self._counter.count_on(what_if, state, until)
            state = stretch.state
            over = stretch.over
            listed += stretch.listed
        if over:
            changed = found_so_far(state).changed
            self._store.remember(state.digest, Simulated(changed, self.runtime.now()))
            return Simulation({**self._counter.report(state), LEADS: listed}, None)
        return Simulation(None, self._go_on_later(state, listed, document))

    def _go_on_later(
        self, state: CountState, listed: list[ListedLead], document: StoredModel | None
    ) -> dict[str, Any]:
        """Leave a count to a job. Return it."""
        now = self.runtime.now()
        parts = in_parts(listed)
        job = Job(
            id=self.runtime.new_id(),
            kind=SIMULATE,
            state=replace(state, parts=len(parts)),
            created_at=now,
            due_at=now,
            done=found_so_far(state).leads,
            total=self._counter.estimate(state),
        )
        self._store.create(job, parts, document)
        return shape_job(job, job.report)

    def _first_slice(self, job: Job[Any]) -> None:
        """Work on a new job for a few seconds. What goes wrong goes wrong with the job, which
        stays due.
        """
        try:
            self._runner.work(job, self.runtime.now() + SLICE)
        # The job was accepted: the clock goes on with it.
        except Exception as error:  # noqa: BLE001
            log(
                "due_failed", task="job", key=job.id, error=type(error).__name__, where=where(error)
            )

    def _check_expected(self, version: int, digest: str, expected: int | None) -> None:
        """Raise StateError when a publish does not say what it will change, or says it wrongly."""
        active = self._models.pointer()
        if active is not None and active.version == version:
            raise StateError(f"version {version} is the active one already")
        if expected is None:
            raise StateError(
                "say in expected_changes how many leads you expect to change stage; simulate"
                " tells it"
            )
        simulated = self._store.simulated(digest)
        if simulated is None or self.runtime.now() - simulated.at > SIMULATION_AGE:
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

    def _new_count(self, digest: str, version: int | None) -> CountState:
        """Return a count at its beginning, against the active model, as of today."""
        active = self._models.pointer()
        if active is None:
            raise StateError("there is no active model; load one with `make up` or `make deploy`")
        day = ordinal_of(self.runtime.now(), zone_of(active.zone))
        return CountState(digest=digest, version=version, base=active, day=day)

    def _document(self, version: int) -> StoredModel:
        document = self._models.document(version)
        if document is None:
            raise NotFoundError(f"there is no version {version} of the model")
        return document
