"""What is recorded of an email. Several rooms record it, and signals ask for it."""

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
