"""How a mail event finds its intent: the intent's id as an SES tag."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

INTENT_TAG = "intent"


def tag_of(intent_id: str) -> str:
    """An intent's id as an SES tag value, which may hold letters, digits, `-` and `_` only."""
    return urlsafe_b64encode(intent_id.encode()).decode().rstrip("=")


def intent_id_of(tag: str) -> str:
    """The intent's id of an SES tag value. Raises ValueError for a value that is not ours."""
    return urlsafe_b64decode(tag + "=" * (-len(tag) % 4)).decode()
