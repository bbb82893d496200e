"""What this room needs of the others, and of the store."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from chalicelib.leads.lead import Lead
from chalicelib.publishing.versions import Active, Document, Version
from chalicelib.publishing.work import Job, Simulated
from chalicelib.scoring.model import Model

Listed = dict[str, Any]  # a lead that would change, as api.md has it
Part = Sequence[Listed]


class Leads(Protocol):
    """Where leads are kept."""

    def every(self, shard: int, after: str, most: int) -> list[str]:
        """The ids of a shard's leads in their order, behind a given id, at most `most`."""

    def read_many(self, lead_ids: Sequence[str]) -> list[Lead]:
        """Leads by their ids, in the same order; those that do not exist are left out."""


class Qualify(Protocol):
    """What brings a lead to a model."""

    def published(self, lead_id: str) -> bool:
        """Bring a lead to the active model. False when it is there already."""

    def counted_as(self, lead: Lead, model: Model) -> Lead:
        """A lead derived anew of all its events as a model counts them."""


class Models(Protocol):
    """Where versions of the model are kept."""

    def pointer(self) -> Active | None:
        """Which version is active, or None."""

    def current(self) -> Model:
        """The active model as of now. Raises DocumentError when there is none."""

    def document(self, version: int) -> Document | None:
        """The document of a version, or None."""

    def model(self, version: int) -> Model | None:
        """A version compiled, or None."""

    def versions(self) -> list[Version]:
        """The versions, the newest first."""

    def draft(self, document: Document) -> int:
        """Write a checked document as the next version. Raises ConflictError."""


class Jobs(Protocol):
    """Where jobs are kept."""

    def read(self, job_id: str) -> Job | None:
        """A job as it stands, or None."""

    def create(self, job: Job, parts: Sequence[Part], document: Document | None) -> None:
        """Write a new job."""

    def begin(self, job: Job) -> str | None:
        """Write a new publish, if no other one runs; otherwise the id of the one that does. Raises
        ConflictError.
        """

    def save(
        self,
        before: Job,
        after: Job,
        parts: Sequence[Part] = (),
        simulated: Simulated | None = None,
    ) -> None:
        """Replace a job. Raises ConflictError."""

    def activate(self, before: Job, after: Job, version: int, active: Active | None) -> None:
        """Make a version the active one and say so in the job, in one transaction. Raises
        ConflictError.
        """

    def part(self, job_id: str, number: int) -> Part:
        """A part of a job's list."""

    def parts(self, job_id: str, first: int) -> Iterator[Mapping[str, Any]]:
        """A job's list from a part on."""

    def document(self, job_id: str) -> Document | None:
        """The document that a job simulates, when it is no version."""

    def simulated(self, digest: str) -> Simulated | None:
        """The newest simulation of a document, or None."""

    def remember(self, digest: str, simulated: Simulated) -> None:
        """Keep what the newest simulation of a document found."""
