"""A reply, and what has become of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.delivery.references import about_email
from chalicelib.events import Event, Kind, lead_partition, own_event_id
from chalicelib.mail_events import MailEvent

ID_CHARS = 16  # of hex


class ReplyState(StrEnum):
    """What has become of a reply."""

    OPEN = "open"  # it may ask us to stop: nothing of marketing goes out until a person has looked
    PASSED_ON = "passed_on"  # it asks for nothing of the kind
    KEPT = "kept"  # a person looked: it does not ask us to stop
    UNSUBSCRIBED = "unsubscribed"  # it asked us to stop, or a person saw that it does


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What somebody answered to an email of marketing's."""

    lead_id: str
    id: str
    """Of its Message-ID: the same email is the same reply, however often it comes."""
    message: str
    """The id of the email that it answers; empty where that is not kept any more."""
    at: datetime
    captured_at: datetime
    text: str
    """What its author wrote, without what they quoted."""
    sender: str
    """Whom it says that it is from. Nobody has checked that."""
    state: ReplyState
    decided_at: datetime | None = None
    """When a person looked, None when nobody had to, or has to yet."""
    decided_by: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it waits for a person."""
        return self.state is ReplyState.OPEN


def reply_id(message_id: str) -> str:
    """Return the id of the reply with this Message-ID."""
    return sha256(message_id.encode(errors="replace")).hexdigest()[:ID_CHARS]


def replied_event(reply: Reply, message: OutboxMessage | None, now: datetime) -> Event:
    """Return the event of a reply. Whoever has a signed address can answer to it, so it says
    nothing of the person and raises no rank.

    message: that it answers.
    """
    partition = lead_partition(reply.lead_id)
    return Event(
        partition=partition,
        id=own_event_id(partition, reply.at, f"{MailEvent.REPLIED}/{reply.id}"),
        kind=Kind.MAIL,
        name=MailEvent.REPLIED.value,
        at=reply.at,
        captured_at=now,
        properties=about_email(message) if message else {},
    )
