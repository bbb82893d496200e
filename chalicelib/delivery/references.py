"""How a mail event finds its message: the message's id as an SES tag."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

MESSAGE_TAG = "message"


def tag_of(outbox_id: str) -> str:
    """Return a message's id as an SES tag value, which may hold only letters, digits, - and _."""
    return urlsafe_b64encode(outbox_id.encode()).decode().rstrip("=")


def outbox_id_of(tag: str) -> str:
    """Return the message's id of an SES tag value. Raises ValueError for one that is not ours."""
    return urlsafe_b64decode(tag + "=" * (-len(tag) % 4)).decode()
