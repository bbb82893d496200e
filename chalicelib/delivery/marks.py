"""What is known of an email after it has left, each mark once, however often it is heard."""

from enum import StrEnum


class Mark(StrEnum):
    """What became of an email, or what the person did with it."""

    DELIVERED = "delivered"
    SOFT_BOUNCED = "soft_bounced"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    CLICKED = "clicked"  # by a person, as far as anybody can tell
    MACHINE = "machine"  # clicked by a machine, before or after a person
    REPLIED = "replied"
    UNSUBSCRIBED = "unsubscribed"
