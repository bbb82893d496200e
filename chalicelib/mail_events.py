"""What is recorded of an email. Several rooms record it, and signals ask for it."""

from collections.abc import Mapping, Set
from enum import StrEnum


class MailEvent(StrEnum):
    """What is recorded of an email: the name of an event of kind `mail`.

    Opens are not measured. Nothing records clicks and replies yet; models count them already.
    """

    DELIVERED = "delivered"
    CLICKED = "clicked"
    REPLIED = "replied"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    CONFIRMED = "confirmed"  # a mailbox's owner confirmed a form (ADR 0045)


BOUNCE_KIND = "kind"
"""The property of a bounce that says whether the mailbox may take another email."""
HARD = "hard"
SOFT = "soft"

RECORDED_PROPERTIES: Mapping[MailEvent, Mapping[str, Set[str]]] = {
    MailEvent.DELIVERED: {},
    MailEvent.BOUNCED: {BOUNCE_KIND: {HARD, SOFT}},
    MailEvent.COMPLAINED: {},
    MailEvent.UNSUBSCRIBED: {},
}
"""What is recorded with an event of these names: property -> its values."""
