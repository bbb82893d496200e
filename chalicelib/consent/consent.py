"""Consent: whether we may write to a person, and what the person said about it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A lead's consent."""

    marketing: bool = False
    """Whether the person ticked a marketing box."""
    at: datetime | None = None
    """When the box was ticked last."""
    text: str | None = None
    """The sentence beside the box: the proof."""
    suppressed: str | None = None
    """The reason why no email may go out: unsubscribed, bounced or complained."""
    suppressed_at: datetime | None = None
    version: int = 0
    """The number of writes, so that two of them cannot overwrite each other."""

    @property
    def refusal(self) -> str | None:
        """The reason why an email may not be sent, None when it may."""
        return self.suppressed or (None if self.marketing else "no_consent")


def given(consent: Consent, text: str, now: datetime) -> Consent:
    """Return the consent after a box was ticked.

    A suppression stays: anyone can tick a box for someone else's address.
    """
    return replace(consent, marketing=True, at=now, text=text, version=consent.version + 1)


def suppressed(consent: Consent, reason: str, now: datetime) -> Consent:
    """Return the consent after an unsubscribe, a hard bounce or a complaint.

    The first of them stays on record.
    """
    if consent.suppressed is not None:
        return consent
    return replace(consent, suppressed=reason, suppressed_at=now, version=consent.version + 1)
