"""What the reads behind the private endpoints need of the stores."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from chalicelib.capture.screening.kept import KeptForm
from chalicelib.consent.consent import Consent, Proof
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.events import Event
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Recorded, Stage
from chalicelib.reading.handoff_turns import HandoffTurn
from chalicelib.reading.turns import SequenceTurn
from chalicelib.scoring.model import Model


class LeadReader(Protocol):
    """Where leads are read."""

    def read(self, lead_id: str) -> Lead:
        """Return a lead as it stands; version 0 when nothing was derived for it yet."""

    def read_many(self, lead_ids: Sequence[str]) -> list[Lead]:
        """Return leads by their ids."""

    def in_stage(self, stage: Stage, most: int) -> tuple[list[str], bool]:
        """Return the ids of a stage's leads, best stored score first; and whether there are more
        than `most`.
        """


class HistoryReader(Protocol):
    """Where a lead's history is read."""

    def of_lead(
        self, lead_id: str, erased_at: datetime | None = None
    ) -> tuple[
        list[Event],
        list[Recorded],
        list[OutboxMessage],
        list[Proof],
        bool,
        list[SequenceTurn | HandoffTurn],
    ]:
        """Return a lead's events and those of its visitors, its transitions, its messages, the
        proofs of its consent, whether there are more of these, and older, where it entered and left
        sequences, and what became of its handoffs. Leave out what came to be before it was erased.
        """


class LeadConsentReader(Protocol):
    """Where consent is read."""

    def read_many(self, leads: Sequence[Lead]) -> Mapping[str, Consent]:
        """Return the consent of leads by their ids, with what suppresses their mailboxes."""

    def history(self, lead_id: str, most: int) -> list[Proof]:
        """Return the newest proofs of a lead's consent, newest first, and last the first of all."""


class OutboxReader(Protocol):
    """Where messages are listed."""

    def outbox(
        self, states: Sequence[MessageState], before: str, most: int
    ) -> list[tuple[str, OutboxMessage]]:
        """Return messages in these states, newest first, each with its place."""

    def of_lead(self, lead_id: str) -> list[tuple[str, OutboxMessage]]:
        """Return all messages of a lead, newest first, each with its place."""


class SpamReader(Protocol):
    """Where screened forms are listed."""

    def waiting(self, before: str, most: int) -> list[tuple[str, KeptForm]]:
        """Return the forms that nobody has released, newest first, each with its place."""


class PastReader(Protocol):
    """Where leads are read as they were known on a past day."""

    def lead(self, lead_id: str, day: date) -> tuple[Lead, Model]:
        """Return a lead at the end of a day, and the model that was active then.

        Raise NotFoundError.
        """
