"""What the course of enrolments needs of the store."""

from collections.abc import Sequence
from typing import Protocol

from chalicelib.delivery.message_keys import MessageKey
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.nurture.enrolment import Enrolment


class EnrolmentStore(Protocol):
    """Where enrolments are kept."""

    def read(self, lead_id: str, key: str) -> Enrolment | None:
        """Return an enrolment as it stands now, or None."""

    def of_lead(self, lead_id: str) -> list[Enrolment]:
        """Return all enrolments of a lead."""

    def move(
        self,
        before: Enrolment,
        after: Enrolment,
        *,
        planned: Sequence[OutboxMessage] = (),
        changed: Sequence[tuple[OutboxMessage, OutboxMessage]] = (),
        also: Sequence[Enrolment] = (),
    ) -> None:
        """Replace an enrolment, with the messages that it plans or changes, and the enrolments that
        begin with it. Raise ConflictError.
        """


class MessageReader(Protocol):
    """Where messages are kept."""

    def read(self, lead_id: str, key: MessageKey) -> OutboxMessage | None:
        """Return a message as it stands now."""
