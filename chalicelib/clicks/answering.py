"""Answers to the question of an email: a link opens a page, and its button answers (ADR 0061).

Each answer is an event that signals count, once. Who changes their mind gives another one: both
stand, and the later one is what they say now.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from chalicelib.clicks.links import AnswerLink
from chalicelib.delivery.message_keys import MessageKey
from chalicelib.delivery.outbox import LEFT, OutboxMessage
from chalicelib.delivery.references import about_email
from chalicelib.errors import NotFoundError
from chalicelib.events import Event, Kind, lead_partition, own_event_id
from chalicelib.mail_events import OF_ANSWER, OF_QUESTION, MailEvent
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import until_written

STOP = "stop"
"""The answer that unsubscribes."""


class AnswerStore(Protocol):
    """Where answers are kept."""

    def answer(self, link: AnswerLink, event: Event, message: OutboxMessage) -> bool:
        """Keep an answer to an email, with its event. Return False when it was given before.

        Raise ConflictError when the table is busy.
        """


class Answering:
    """Takes answers.

    message: returns a message as it stands; email: returns a stored email, or None; unsubscribe:
    stops a lead's emails.
    """

    def __init__(
        self,
        *,
        store: AnswerStore,
        message: Callable[[str, MessageKey], OutboxMessage | None],
        email: Callable[[str], Mapping[str, Any] | None],
        unsubscribe: Callable[[AnswerLink], object],
        runtime: Runtime,
    ) -> None:
        self._store = store
        self._message = message
        self._email = email
        self._unsubscribe = unsubscribe
        self.runtime = runtime

    def words(self, link: AnswerLink) -> str:
        """Return an answer as its email words it; its id where that is no longer known.

        Raise NotFoundError for the answer to an email that is gone.
        """
        stored = self._email(self._sent(link).email or "") or {}
        question = _mapping(_mapping(stored.get("questions")).get(link.question))
        label = _mapping(question.get("answers")).get(link.answer)
        if isinstance(label, Mapping):
            label = label.get(link.language) or label.get(stored.get("language", "en"))
        return label if isinstance(label, str) and label else link.answer

    @until_written
    def answer(self, link: AnswerLink) -> None:
        """Take an answer. A second time changes nothing.

        The answer `stop` unsubscribes, too. Raise NotFoundError for the answer to an email that is
        gone, ConflictError when the table stays busy.
        """
        message = self._sent(link)
        is_new = self._store.answer(link, self._event(link, message), message)
        if link.answer == STOP:
            self._unsubscribe(link)
        if is_new:
            log("answered", lead_id=link.lead_id, key=str(link.key))

    def _sent(self, link: AnswerLink) -> OutboxMessage:
        message = self._message(link.lead_id, link.key)
        if message is None or message.state not in LEFT:
            raise NotFoundError("this link is not valid")
        return message

    def _event(self, link: AnswerLink, message: OutboxMessage) -> Event:
        now = self.runtime.now()
        partition = lead_partition(link.lead_id)
        name = MailEvent.ANSWERED.value
        return Event(
            partition=partition,
            id=own_event_id(partition, now, f"{name}/{link}"),
            kind=Kind.MAIL,
            name=name,
            at=now,
            captured_at=now,
            properties={
                OF_QUESTION: link.question,
                OF_ANSWER: link.answer,
                **about_email(message),
            },
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
