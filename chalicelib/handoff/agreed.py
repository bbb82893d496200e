"""What the person agreed to, in the words of a notice to sales (ADR 0045)."""

from collections.abc import Callable
from datetime import tzinfo

from chalicelib.consent.consent import (
    BasisKind,
    Consent,
    Proof,
    Purpose,
    SuppressionReason,
)
from chalicelib.days import day_of

KindsThatCount = Callable[[Purpose], frozenset[BasisKind]]
"""Purpose -> the kinds of basis that count for the person."""

STOPPED = {
    SuppressionReason.COMPLAINED: "no: they reported an email as spam, so write none",
    SuppressionReason.UNSUBSCRIBED: "no: they have unsubscribed",
    SuppressionReason.BOUNCED: "no: emails to this address bounce",
}
KNOWN_AS = {
    BasisKind.CONSENT: "yes, agreed",
    BasisKind.EXISTING_CUSTOMER: "yes, as an existing customer",
    BasisKind.OPT_OUT: "yes, until they object; they have not been asked",
}


def agreed_lines(
    consent: Consent, pending: Proof | None, counting: KindsThatCount, zone: tzinfo
) -> list[str]:
    """Return what a person agreed to, a line for each purpose that sales asks about.

    pending: the ticked box that they have yet to confirm; zone: the company's, for the days. An
    answer to what they asked for is not marketing, and needs no basis.
    """
    calls = _said(consent, Purpose.CALLS, counting(Purpose.CALLS), zone)
    return [
        f"marketing emails: {_emails(consent, pending, counting(Purpose.MARKETING), zone)}",
        f"calls: {calls or 'nothing on record'}",
    ]


def _emails(
    consent: Consent, pending: Proof | None, counting: frozenset[BasisKind], zone: tzinfo
) -> str:
    if consent.suppressed is not None:
        return STOPPED[consent.suppressed]
    said = _said(consent, Purpose.MARKETING, counting, zone)
    if said is None and pending is not None:
        day = day_of(pending.at, zone)
        return f"not yet: ticked on {day:%d %b} {day.year}, and not confirmed from the mailbox"
    return said or "no: they agreed to nothing"


def _said(
    consent: Consent, purpose: Purpose, counting: frozenset[BasisKind], zone: tzinfo
) -> str | None:
    kind = consent.basis(purpose, counting)
    if kind is None:
        return None
    proof = consent.proof_of(purpose, kind)
    if proof is None:
        return KNOWN_AS[kind]
    confirmed = ", confirmed from the mailbox" if proof.confirmed_at else ""
    day = day_of(proof.at, zone)
    return f"{KNOWN_AS[kind]} on {day:%d %b} {day.year}{confirmed}"
