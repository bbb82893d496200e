"""What a person makes of a reply that may ask us to stop."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import NotFoundError, StateError
from chalicelib.events import Event
from chalicelib.nurture.replies.reply import Reply, ReplyState, replied_event
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written


class OpenStore(Protocol):
    """Where replies are kept."""

    def read(self, lead_id: str, one: str) -> Reply | None:
        """Return a reply, None when there is none."""

    def close(self, before: Reply, after: Reply, event: Event | None) -> None:
        """Note what a person decided about an open reply. Raise ConflictError."""


class ReplyLooking:
    """Takes what people decide.

    email: returns the message of an id, which a reply answers, or None; unsubscribe: takes the
    unsubscribe of a lead, by such a message.
    """

    def __init__(
        self,
        *,
        store: OpenStore,
        email: Callable[[str], OutboxMessage | None],
        unsubscribe: Callable[[str, OutboxMessage | None], None],
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._email = email
        self._unsubscribe = unsubscribe
        self.runtime = runtime

    def read(self, lead_id: str, one: str) -> Reply:
        """Return a reply. Raise NotFoundError."""
        reply = self._store.read(lead_id, one)
        if reply is None:
            raise NotFoundError("there is no such reply")
        return reply

    @until_written
    def decide(self, lead_id: str, one: str, *, unsubscribe: bool, author: str) -> Reply:
        """Let an open reply be an unsubscribe, or a reply like any other. Return it as it is then.

        The same decision again changes nothing. Raise NotFoundError, StateError for another one.
        """
        before = self.read(lead_id, one)
        state = ReplyState.UNSUBSCRIBED if unsubscribe else ReplyState.KEPT
        if before.state is state:
            return before
        if not before.is_open:
            raise StateError(f"this reply does not wait for anybody: it is {before.state}")
        message = self._email(before.message)
        if unsubscribe:  # first: what is not noted yet is asked for again
            self._unsubscribe(before.lead_id, message)
        now = self.runtime.now()
        after = replace(before, state=state, decided_at=now, decided_by=author)
        event = None if unsubscribe else replied_event(before, message, now)
        self._store.close(before, after, event)
        return after
