"""What this room needs of the others, and of the store."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chalicelib.delivery.message_keys import MessageKey
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.jobs.job import Job
from chalicelib.jobs.walk import LeadIndex
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Recorded, Transition
from chalicelib.publishing.state import CountState, PublishState, Simulated
from chalicelib.publishing.versions import Active, Origin, StoredModel, Version
from chalicelib.scoring.model import Model

ListedLead = dict[str, Any]  # one that would change its stage, as api.md has it
ListPart = Sequence[ListedLead]  # a part of a job's list, small enough for an item


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a stretch of a count adds to what is kept beside its job."""

    parts: Sequence[ListPart]
    """The parts that the job's list gets."""
    first: int
    """The number of the first of them."""
    digest: str
    """Of the document that was counted with."""
    simulated: Simulated | None = None
    """What the count found; None: it is not over."""


class LeadWalk(LeadIndex, Protocol):
    """How all leads are read."""

    def read_many(self, lead_ids: Sequence[str]) -> list[Lead]:
        """Return leads by their ids, in the same order, without those that do not exist."""


class LeadRecounter(Protocol):
    """What counts a lead as another model counts."""

    def counted_as(self, lead: Lead, model: Model) -> Lead:
        """Return a lead derived anew from all its events as a model counts them."""


class EmailForecast(Protocol):
    """What knows which emails moves cause."""

    def count(
        self, moves: Sequence[tuple[Lead, Transition, Callable[[], str | None]]], now: datetime
    ) -> int:
        """Return how many emails leads would get, were they moved so now.

        moves: each a lead, the last of its steps, and what will interest it most.
        """


class SweptLeads(LeadWalk, Protocol):
    """How a publish reads the leads that it moves."""

    def messages(self, lead_id: str) -> list[OutboxMessage]:
        """Return all messages of a lead."""


class MovedLeads(Protocol):
    """How a release sees whether a lead still stands where a publish moved it."""

    def read(self, lead_id: str) -> Lead:
        """Return a lead as it stands."""

    def transition(self, lead_id: str, version: int) -> Recorded | None:
        """Return the transition that made a version of a lead's standing, or None."""


class HeldEmails(Protocol):
    """Where the emails that a publish caused are held."""

    def outbox(
        self, states: Sequence[MessageState], before: str, most: int
    ) -> list[tuple[str, OutboxMessage]]:
        """Return messages in these states with their positions, behind a position."""

    def read(self, lead_id: str, key: MessageKey) -> OutboxMessage | None:
        """Return the message as it stands now."""

    def save(self, before: OutboxMessage, after: OutboxMessage) -> None:
        """Replace a message. Raise ConflictError when it is no longer as before."""


class LeadMover(Protocol):
    """What brings a lead to a model."""

    def published(self, lead_id: str) -> bool:
        """Bring a lead to the active model. Return False when it is there already.

        Raise LongReplayError for one that is left to the clock.
        """


class ModelStore(Protocol):
    """Where versions of the model are kept."""

    def pointer(self) -> Active | None:
        """Return which version is active, or None."""

    def current(self) -> Model:
        """Return the active model as of now. Raise DocumentError when there is none."""

    def document(self, version: int) -> StoredModel | None:
        """Return the document of a version, or None."""

    def model(self, version: int) -> Model | None:
        """Return a version compiled, or None."""

    def versions(self) -> list[Version]:
        """Return the versions, the newest first."""

    def source(self, version: int) -> str | None:
        """Return the YAML that a version was written in, or None."""

    def draft(self, document: StoredModel, origin: Origin) -> int:
        """Write a checked document as the next version. Raise ConflictError."""


class PublishStore(Protocol):
    """Where simulations and publishes are kept, with what belongs to them."""

    def create(
        self, job: Job[CountState], parts: Sequence[ListPart], document: StoredModel | None
    ) -> None:
        """Write a new simulation, its list and its document. Raise ConflictError."""

    def begin(self, job: Job[Any], of: str | None = None) -> str | None:
        """Write a new publish, or the release of a publish's emails, unless another one runs: then
        return its id. Raise ConflictError.

        of: the publish whose emails it releases; None: it is a publish.
        """

    def save(self, before: Job[Any], after: Job[Any], findings: Findings) -> None:
        """Replace a job together with what it found. Raise ConflictError."""

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

    def part(self, job_id: str, number: int) -> ListPart:
        """Return a part of a job's list."""

    def parts(self, job_id: str, first: int) -> Iterator[Mapping[str, Any]]:
        """Return a job's list from a part on."""

    def document(self, job_id: str) -> StoredModel | None:
        """Return the document of a job's own that it simulates, or None."""

    def simulated(self, digest: str) -> Simulated | None:
        """Return the newest simulation of a document, or None."""

    def remember(self, digest: str, simulated: Simulated) -> None:
        """Keep the newest simulation of a document."""
