"""Consent: whether we may write to a person, and what the person said about it. Pure."""

from collections.abc import Container, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.events import Rank
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
class Proof:
    """That somebody ticked a marketing box: what stood beside it, where and when. It never changes
    (ADR 0036).
    """

    at: datetime
    text: str
    """The registered form's own sentence; where the form has none, what the sender said it was."""
    said: str = ""
    """What the sender said stood there. Anyone can send anything, so it never replaces the
    form's own sentence."""
    event_id: str | None = None
    """The form's event, which says who sent it; None where earlier code has not kept it."""
    form: str = ""
    """The id of the form."""
    form_version: int | None = None
    """Of the form's document; None for a form that is not registered."""
    page: str = ""
    """The page on which the form stood, as the sender said."""
    rank: Rank | None = None
    """How far the sender is to be believed; None where earlier code has not kept it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A lead's consent."""

    marketing: bool = False
    """Whether the person ticked a marketing box."""
    proof: Proof | None = None
    """The first one: those after it stand in the history and replace nothing."""
    suppressions: Mapping[SuppressionReason, datetime] = field(default_factory=dict)
    """Each reason why no email may go out, and since when."""
    soft_bounces: int = 0
    """How often the mailbox could not take an email since it last took one."""
    mailboxes: frozenset[str] = frozenset()
    """The mailboxes of the leads that this one has absorbed: they are the same person's."""
    version: int = 0
    """The number of writes, so that two of them cannot overwrite each other."""

    @property
    def suppressed(self) -> SuppressionReason | None:
        """The strongest reason why no email may go out, None when there is none."""
        return strongest(self.suppressions)

    @property
    def refusal(self) -> str | None:
        """The reason why an email may not be sent, None when it may."""
        return self.suppressed or (None if self.marketing else NO_CONSENT)


def strongest(suppressions: Container[SuppressionReason]) -> SuppressionReason | None:
    """Return the strongest of some reasons, None of none."""
    return next((one for one in SuppressionReason if one in suppressions), None)


def given(consent: Consent, proof: Proof) -> Consent:
    """Return the consent after a box was ticked. The first proof stays, whatever comes later.

    A suppression stays: anyone can tick a box for someone else's address.
    """
    if consent.marketing:
        return consent
    return replace(consent, marketing=True, proof=proof, version=consent.version + 1)


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


def also_suppressed(
    consent: Consent, suppressions: Mapping[SuppressionReason, datetime]
) -> Consent:
    """Return a consent as it is shown: with what is known of the mailbox, too."""
    return replace(consent, suppressions={**suppressions, **consent.suppressions})


def following(consent: Consent, absorbed: Consent, mailboxes: Set[str]) -> Consent:
    """Return the consent of a lead that has absorbed another one: what the person said to the
    other address holds for this one too. Its bounces stay with the other address (ADR 0028).

    mailboxes: the ids of those that are now known to be the same person's, too.
    """
    after = replace(consent, mailboxes=consent.mailboxes | mailboxes)
    for reason, since in absorbed.suppressions.items():
        if reason.follows_person:
            after = suppressed(after, reason, since)
    # One write, however many reasons it brings.
    return replace(after, version=consent.version + 1)
