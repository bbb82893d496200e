"""What the person agreed to, in the words of a notice to sales (ADR 0045)."""

from collections.abc import Callable

from chalicelib.consent.consent import (
    BasisKind,
    Consent,
    Proof,
    Purpose,
    SuppressionReason,
)

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


def agreed_lines(consent: Consent, pending: Proof | None, counting: KindsThatCount) -> list[str]:
    """Return what a person agreed to, a line for each purpose that sales asks about.

    pending: the ticked box that they have yet to confirm. An answer to what they asked for is no
    marketing, and needs none of it.
    """
    return [
        f"marketing emails: {_emails(consent, pending, counting(Purpose.MARKETING))}",
        f"calls: {_said(consent, Purpose.CALLS, counting(Purpose.CALLS)) or 'nothing on record'}",
    ]


def _emails(consent: Consent, pending: Proof | None, counting: frozenset[BasisKind]) -> str:
    if consent.suppressed is not None:
        return STOPPED[consent.suppressed]
    said = _said(consent, Purpose.MARKETING, counting)
    if said is None and pending is not None:
        return f"not yet: ticked on {pending.at:%d %b %Y}, and not confirmed from the mailbox"
    return said or "no: they agreed to nothing"


def _said(consent: Consent, purpose: Purpose, counting: frozenset[BasisKind]) -> str | None:
    kind = consent.basis(purpose, counting)
    if kind is None:
        return None
    proof = consent.proof_of(purpose, kind)
    if proof is None:
        return KNOWN_AS[kind]
    confirmed = ", confirmed from the mailbox" if proof.confirmed_at else ""
    return f"{KNOWN_AS[kind]} on {proof.at:%d %b %Y}{confirmed}"
