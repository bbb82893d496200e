"""How a mail event finds its message: the message's id as an SES tag."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

MESSAGE_TAG = "message"


def tag_of(outbox_id: str) -> str:
    """A message's id as an SES tag value, which may hold letters, digits, `-` and `_` only."""
    return urlsafe_b64encode(outbox_id.encode()).decode().rstrip("=")


def outbox_id_of(tag: str) -> str:
    """The message's id of an SES tag value. Raises ValueError for a value that is not ours."""
    return urlsafe_b64decode(tag + "=" * (-len(tag) % 4)).decode()
