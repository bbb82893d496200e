"""What became of a mailing: counted, confirmed by a person, cancelled. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MailingStatus(StrEnum):
    """How far a mailing came."""

    COUNTED = "counted"  # or about to be
    CONFIRMED = "confirmed"  # it leaves at its time, or has left
    CANCELLED = "cancelled"  # nothing more of it leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """A mailing whose recipients were counted."""

    id: str
    count_job: str
    """The newest job that counted them."""
    status: MailingStatus = MailingStatus.COUNTED
    send_job: str | None = None
    """The job that plans its emails; None before a person confirmed it."""
    email: str | None = None
    """The email that was confirmed."""
    at: datetime | None = None
    """When it leaves, as it was confirmed."""
    recipients: int | None = None
    """How many, as a person confirmed."""
    author: str = ""
    """Who confirmed or cancelled it last."""
    version: int = 1
    """Grows with each change: a write holds only on the version that was read."""
