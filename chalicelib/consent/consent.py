"""Consent: whether we may write to a person, and what the person said about it. Pure."""

from collections.abc import Container, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.events import Rank
from chalicelib.limits import SOFT_BOUNCES_MAX

CLOCK_STEP = timedelta(milliseconds=1)  # as times are stored
NO_CONSENT = "no_consent"
"""Why an email may not be sent to a person who never ticked a box."""


class SuppressionReason(StrEnum):
    """Why no email may go out, the strongest first.

    A confirmed opt-in takes back all but a complaint.
    """

    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"

    @property
    def follows_person(self) -> bool:
        """Whether it holds for every address of the person. A bounce is about one mailbox."""
        return self is not SuppressionReason.BOUNCED

    @property
    def ends_by_confirmation(self) -> bool:
        """Whether a confirmed opt-in takes it back, as it does all but a complaint."""
        return self is not SuppressionReason.COMPLAINED


class Purpose(StrEnum):
    """What a basis allows."""

    MARKETING = "marketing"
    MEASURING = "measuring"  # the clicks in emails
    CALLS = "calls"


class BasisKind(StrEnum):
    """What it rests on that we may, the strongest first (ADR 0045)."""

    CONSENT = "consent"
    EXISTING_CUSTOMER = "existing_customer"
    OPT_OUT = "opt_out"  # nobody said anything, in a country where that is enough


CONSENT_ONLY = frozenset({BasisKind.CONSENT})
"""What counts where nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That somebody ticked a box, or how one of our people knows: what stood there, where and
    when. It never changes (ADR 0036).
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
    confirmed_at: datetime | None = None
    """When it was confirmed from the mailbox; None: it was not, or needed not be."""
    author: str = ""
    """Who of our people entered it; empty for a form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A lead's consent."""

    marketing: bool = False
    """Whether the person ticked a marketing box."""
    proof: Proof | None = None
    """The first one: those after it stand in the history and replace nothing."""
    given: Mapping[tuple[Purpose, BasisKind], Proof] = field(default_factory=dict)
    """Every other basis, with the newest proof."""
    confirmed_at: datetime | None = None
    """When the person last confirmed an opt-in: an unsubscribe before it is taken back."""
    suppressions: Mapping[SuppressionReason, datetime] = field(default_factory=dict)
    """Each reason why no email may go out, and since when."""
    soft_bounces: int = 0
    """How often the mailbox could not take an email since it last took one."""
    mailboxes: frozenset[str] = frozenset()
    """The mailboxes of the leads that this one has absorbed: they are the same person's."""
    awaits_confirmation: bool = False
    """Whether a ticked box is still to be confirmed. Not stored here, and not always looked up."""
    version: int = 0
    """The number of writes, so that two of them cannot overwrite each other."""

    @property
    def suppressed(self) -> SuppressionReason | None:
        """The strongest reason why no email may go out, None when there is none."""
        return strongest(self.suppressions)

    def basis(self, purpose: Purpose, counting: Container[BasisKind]) -> BasisKind | None:
        """Return the strongest basis for a purpose of those that count, None without one.

        It says nothing about what is suppressed.
        """
        kinds = (kind for kind in BasisKind if kind in counting)
        return next((kind for kind in kinds if self._rests_on(purpose, kind)), None)

    def proof_of(self, purpose: Purpose, kind: BasisKind) -> Proof | None:
        """Return the proof of a basis, None for one that needs none, or that there is not."""
        if self.marketing and (purpose, kind) == (Purpose.MARKETING, BasisKind.CONSENT):
            return self.proof
        return self.given.get((purpose, kind))

    def refusal(self, counting: Container[BasisKind]) -> str | None:
        """Return the reason why a marketing email may not be sent, None when it may.

        counting: the kinds of basis that count for this person.
        """
        has_basis = self.basis(Purpose.MARKETING, counting) is not None
        return self.suppressed or (None if has_basis else NO_CONSENT)

    @property
    def undeliverable(self) -> SuppressionReason | None:
        """The reason why nothing at all may be sent, also no answer to a form: a complaint or a
        bounce. Whoever unsubscribed still gets what they ask for.
        """
        reasons = self.suppressions.keys() - {SuppressionReason.UNSUBSCRIBED}
        return strongest(reasons)

    def _rests_on(self, purpose: Purpose, kind: BasisKind) -> bool:
        if self.marketing and (purpose, kind) == (Purpose.MARKETING, BasisKind.CONSENT):
            return True
        return kind is BasisKind.OPT_OUT or (purpose, kind) in self.given


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


def confirmed(consent: Consent, proof: Proof, now: datetime) -> Consent:
    """Return the consent after its owner confirmed a ticked box from that mailbox.

    Whatever a bounce or an unsubscribe said before is taken back: somebody read an email there, and
    wants more of them. A complaint never is (ADR 0045).
    """
    kept = {
        reason: since
        for reason, since in consent.suppressions.items()
        if not reason.ends_by_confirmation
    }
    return replace(
        consent,
        marketing=True,
        proof=consent.proof or proof,
        suppressions=kept,
        soft_bounces=0,
        confirmed_at=lift_time(now, consent.suppressions, consent.confirmed_at),
        version=consent.version + 1,
    )


def with_basis(consent: Consent, purpose: Purpose, kind: BasisKind, proof: Proof) -> Consent:
    """Return the consent after one of our people, or an import, gave a basis."""
    after = replace(consent, version=consent.version + 1)
    if (purpose, kind) == (Purpose.MARKETING, BasisKind.CONSENT):
        return replace(after, marketing=True, proof=consent.proof or proof)
    return replace(after, given={**consent.given, (purpose, kind): proof})


def suppressed(consent: Consent, reason: SuppressionReason, now: datetime) -> Consent:
    """Return the consent after an unsubscribe, a hard bounce or a complaint.

    All reasons are kept, each with the time at which it was first heard.
    """
    if reason in consent.suppressions:
        return consent
    suppressions = {**consent.suppressions, reason: after_lift(now, consent.confirmed_at)}
    return replace(consent, suppressions=suppressions, version=consent.version + 1)


def after_lift(now: datetime, lifted_at: datetime | None) -> datetime:
    """Return the time of a wish that comes now: always behind what it takes back, whatever the
    clocks of two machines say (ADR 0045).
    """
    return now if lifted_at is None else max(now, lifted_at + CLOCK_STEP)


def lift_time(
    now: datetime, suppressions: Mapping[SuppressionReason, datetime], lifted_at: datetime | None
) -> datetime:
    """Return the time of a confirmation that comes now: never before what it takes back."""
    return max([now, *suppressions.values(), *([lifted_at] if lifted_at else [])])


def is_lifted(reason: SuppressionReason, since: datetime, lifted_at: datetime | None) -> bool:
    """Return whether a reason was taken back since: by a confirmation at that time."""
    return reason.ends_by_confirmation and lifted_at is not None and since <= lifted_at


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
        if reason.follows_person and not is_lifted(reason, since, consent.confirmed_at):
            after = suppressed(after, reason, since)
    # One write, however many reasons it brings.
    return replace(after, version=consent.version + 1)
