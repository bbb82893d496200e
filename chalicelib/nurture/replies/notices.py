"""What SES says of an email that it received: the notification of a receipt rule's action, of the
one by S3 or of the one by the topic itself.
"""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.events import parse_time
from chalicelib.limits import INBOUND_MAX_BYTES

RECIPIENTS_READ = 50  # SES's own limit of one email
ADDRESS_MAX_CHARS = 320
KEY_MAX_CHARS = 1_024  # of an object in S3
NULL_SENDERS = ("", "<>")
FAILED = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """An email that was received, and what SES found out about it."""

    recipients: Sequence[str]
    """Whom of ours it is for."""
    is_spam: bool
    """Whether SES takes it for spam, or found a virus in it."""
    is_from_nobody: bool
    """Whether it is to be answered by nobody, as machines say it (an empty MAIL FROM)."""
    at: datetime | None
    service_id: str
    bucket: str = ""
    key: str = ""
    """Where SES put it; empty where the notification holds it."""
    content: bytes | None = None


def parse_inbound(text: str) -> Inbound | None:
    """Return what a message of the topic reports, None for anything but a received email.

    Never raise for what is in it.
    """
    try:
        found = json.loads(text)
    # TypeError: a topic's message that is not text; RecursionError: a thousand brackets.
    except (TypeError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("notificationType") != "Received":
        return None
    mail = _part(found, "mail")
    receipt = _part(found, "receipt")
    action = _part(receipt, "action")
    recipients = receipt.get("recipients") or mail.get("destination")
    verdicts = (_part(receipt, name).get("status") for name in ("spamVerdict", "virusVerdict"))
    return Inbound(
        recipients=_addresses(recipients),
        is_spam=any(str(verdict).lower() == FAILED for verdict in verdicts),
        is_from_nobody=_is_null(mail.get("source"))
        or _is_null(_part(mail, "commonHeaders").get("returnPath")),
        at=_time(mail.get("timestamp")),
        service_id=_text(mail, "messageId", KEY_MAX_CHARS),
        bucket=_text(action, "bucketName", KEY_MAX_CHARS),
        key=_text(action, "objectKey", KEY_MAX_CHARS),
        content=_content(found.get("content"), _text(action, "encoding", 10)),
    )


def _content(content: object, encoding: str) -> bytes | None:
    """Return the beginning of the email that a notification holds, None where it holds none."""
    if not isinstance(content, str):
        return None
    if encoding.lower() == "base64":
        try:
            return b64decode(content)[:INBOUND_MAX_BYTES]
        except ValueError:
            return None
    return content.encode(errors="surrogateescape")[:INBOUND_MAX_BYTES]


def _addresses(found: object) -> Sequence[str]:
    if not isinstance(found, list):
        return ()
    return [
        one
        for one in found[:RECIPIENTS_READ]
        if isinstance(one, str) and len(one) < ADDRESS_MAX_CHARS
    ]


def _is_null(sender: object) -> bool:
    """Return whether a sender is said to be nobody, which is more than not to be said."""
    return isinstance(sender, str) and sender.strip() in NULL_SENDERS


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = whole.get(name)
    return found if isinstance(found, dict) else {}


def _text(part: Mapping[str, Any], name: str, most_chars: int) -> str:
    found = part.get(name)
    is_text = isinstance(found, str) and len(found) <= most_chars and found.isprintable()
    return str(found) if is_text else ""


def _time(value: object) -> datetime | None:
    try:
        return parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None
