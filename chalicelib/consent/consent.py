"""Consent: may we write to this person, and what they said about it."""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A lead's consent. text: the sentence beside the box; suppressed: unsubscribed, bounced or
    complained.

    version counts the writes, so that two of them cannot overwrite each other.
    """

    marketing: bool = False
    at: datetime | None = None
    text: str | None = None
    suppressed: str | None = None
    suppressed_at: datetime | None = None
    version: int = 0

    @property
    def refusal(self) -> str | None:
        """Why an email may not be sent, or None when it may."""
        return self.suppressed or (None if self.marketing else "no_consent")


def given(consent: Consent, text: str, now: datetime) -> Consent:
    """The consent after a person ticked the box. A suppression stays: anyone can tick a box for an
    address.
    """
    return replace(consent, marketing=True, at=now, text=text, version=consent.version + 1)


def suppressed(consent: Consent, reason: str, now: datetime) -> Consent:
    """The consent after an unsubscribe, a hard bounce or a complaint; the first of them stays on
    record.
    """
    if consent.suppressed is not None:
        return consent
    return replace(consent, suppressed=reason, suppressed_at=now, version=consent.version + 1)
