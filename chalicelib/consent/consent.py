"""Consent: whether we may write to a person, and what the person said about it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.limits import SOFT_BOUNCES_MAX

NO_CONSENT = "no_consent"
"""Why an email may not be sent to a person who never ticked a box."""


class SuppressionReason(StrEnum):
    """Why no email may go out, the strongest first.

    A bounce may be cleared once the address is repaired, a complaint never.
    """

    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"

    @property
    def follows_person(self) -> bool:
        """Whether it holds for every address of the person. A bounce is about one mailbox."""
        return self is not SuppressionReason.BOUNCED


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A lead's consent."""

    marketing: bool = False
    """Whether the person ticked a marketing box."""
    at: datetime | None = None
    """When the box was ticked last."""
    text: str | None = None
    """The sentence beside the box: the proof."""
    suppressions: Mapping[SuppressionReason, datetime] = field(default_factory=dict)
    """Each reason why no email may go out, and since when."""
    soft_bounces: int = 0
    """How often the mailbox could not take an email since it last took one."""
    version: int = 0
    """The number of writes, so that two of them cannot overwrite each other."""

    @property
    def suppressed(self) -> SuppressionReason | None:
        """The strongest reason why no email may go out, None when there is none."""
        return next((one for one in SuppressionReason if one in self.suppressions), None)

    @property
    def refusal(self) -> str | None:
        """The reason why an email may not be sent, None when it may."""
        return self.suppressed or (None if self.marketing else NO_CONSENT)


def given(consent: Consent, text: str, now: datetime) -> Consent:
    """Return the consent after a box was ticked.

    A suppression stays: anyone can tick a box for someone else's address.
    """
    return replace(consent, marketing=True, at=now, text=text, version=consent.version + 1)


def suppressed(consent: Consent, reason: SuppressionReason, now: datetime) -> Consent:
    """Return the consent after an unsubscribe, a hard bounce or a complaint.

    All reasons are kept, each with the time at which it was first heard.
    """
    if reason in consent.suppressions:
        return consent
    suppressions = {**consent.suppressions, reason: now}
    return replace(consent, suppressions=suppressions, version=consent.version + 1)


def soft_bounced(consent: Consent, now: datetime) -> Consent:
    """Return the consent after a soft bounce. The fifth without a delivery in between suppresses:
    a mailbox that is full for weeks is given up like one that does not exist.
    """
    soft_bounces = consent.soft_bounces + 1
    if soft_bounces < SOFT_BOUNCES_MAX:
        return replace(consent, soft_bounces=soft_bounces, version=consent.version + 1)
    counted = replace(consent, soft_bounces=soft_bounces)
    if SuppressionReason.BOUNCED in consent.suppressions:
        return replace(counted, version=consent.version + 1)
    return suppressed(counted, SuppressionReason.BOUNCED, now)


def delivered(consent: Consent) -> Consent:
    """Return the consent after a delivery: the soft bounces before it no longer count."""
    if not consent.soft_bounces:
        return consent
    return replace(consent, soft_bounces=0, version=consent.version + 1)


def following(consent: Consent, absorbed: Consent) -> Consent:
    """Return the consent of a lead that has absorbed another one: what the person said to the
    other address holds for this one too. Its bounces stay with the other address (ADR 0028).
    """
    after = consent
    for reason, since in absorbed.suppressions.items():
        if reason.follows_person:
            after = suppressed(after, reason, since)
    # One write, however many reasons it brings.
    return consent if after is consent else replace(after, version=consent.version + 1)
