"""How a mail event finds its message, by the message's id as an SES tag; and how the event names
it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.mail_events import OF_EMAIL, OF_MESSAGE, OF_SEQUENCE, OF_STEP

MESSAGE_TAG = "message"
TEST_REFERENCE = "test"
"""Instead of a message's id: of an email that was sent to be looked at."""


def tag_of(outbox_id: str) -> str:
    """Return a message's id as an SES tag value, which may hold only letters, digits, - and _."""
    return urlsafe_b64encode(outbox_id.encode()).decode().rstrip("=")


def outbox_id_of(tag: str) -> str:
    """Return the message's id of an SES tag value. Raises ValueError for one that is not ours."""
    return urlsafe_b64decode(tag + "=" * (-len(tag) % 4)).decode()


def about_email(message: OutboxMessage) -> dict[str, str]:
    """Return what an event says of the message that it is about: its key, the email that it sent,
    and its sequence and step, as far as it has them.
    """
    sequence, step = message.key.step or (None, None)
    named = {
        OF_SEQUENCE: sequence,
        OF_STEP: step,
        OF_EMAIL: message.email,
        OF_MESSAGE: str(message.key),
    }
    return {name: value for name, value in named.items() if value}
