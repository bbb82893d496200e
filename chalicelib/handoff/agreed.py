"""What the person agreed to, and what that leaves to sales by the rules of their country, in the
words of a notice (ADR 0045, playbook rule 2).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo

from chalicelib.company.contact import ContactRule, ContactRules
from chalicelib.consent.consent import (
    BasisKind,
    Consent,
    Proof,
    Purpose,
    SuppressionReason,
)
from chalicelib.days import day_of
from chalicelib.handoff.facts import Allowed
from chalicelib.inputs.countries import ALPHA_2

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
AGREEMENTS = frozenset({BasisKind.CONSENT, BasisKind.EXISTING_CUSTOMER})
"""What rests on something that the person said or did."""
EMAIL_RULE: Mapping[ContactRule, str] = {
    ContactRule.CONSENT: "no advertising email",
    ContactRule.PRESUMED_INTEREST: "an email only with a concrete reason",
    ContactRule.OPT_OUT: "emails are allowed until they object",
}
CALL_RULE: Mapping[ContactRule, str] = {
    ContactRule.CONSENT: "no advertising call",
    ContactRule.PRESUMED_INTEREST: "a call only with a concrete reason",
    ContactRule.OPT_OUT: "calls are allowed until they object",
}


def allowed_of(
    consent: Consent,
    pending: Proof | None,
    counting: KindsThatCount,
    zone: tzinfo,
    rules: ContactRules,
    countries: Sequence[str],
) -> Allowed:
    """Return what a person agreed to, and what it leaves to sales.

    pending: the ticked box that they have yet to confirm; zone: the company's, for the days; rules:
    those of the countries that they are said to be in. An answer to what they asked for is not
    advertising, and needs no basis.
    """
    may_email = _agreed(consent, Purpose.MARKETING, counting) and consent.suppressed is None
    may_call = _agreed(consent, Purpose.CALLS, counting)
    calls = _said(consent, Purpose.CALLS, counting(Purpose.CALLS), zone)
    emails = _emails(consent, pending, counting(Purpose.MARKETING), zone)
    # Whatever else somebody typed there is no country, and must not stand in a sentence of ours.
    where = ", ".join(filter(ALPHA_2.__contains__, countries)) or "country unknown"
    return Allowed(
        lines=[f"marketing emails: {emails}", f"calls: {calls or 'nothing on record'}"],
        advice=contact_advice(
            may_email=may_email,
            may_call=may_call,
            stopped=consent.suppressed,
            rules=rules,
            where=where,
        ),
        may_email=may_email,
        may_call=may_call,
        calls="agreed to calls"
        if may_call
        else f"no agreement to calls ({where}): {CALL_RULE[rules.call]}",
    )


def contact_advice(
    *,
    may_email: bool,
    may_call: bool,
    stopped: SuppressionReason | None,
    rules: ContactRules,
    where: str,
) -> str:
    """Return what to do about a person who did not ask to be contacted: "agreed to emails: write".

    may_email, may_call: whether they agreed; stopped: why emails are not allowed; where: their
    country, whose rules these are.
    """
    if may_email:
        agreed = "emails and calls: call or write" if may_call else "emails: write"
        return f"agreed to {agreed}"
    email = "no advertising email" if stopped else EMAIL_RULE[rules.email]
    if may_call:
        return f"agreed to calls: call; {email}"
    agreed = "wants no emails" if stopped else "agreed to nothing"
    return f"{agreed} ({where}): {email}; {CALL_RULE[rules.call]}"


def _agreed(consent: Consent, purpose: Purpose, counting: KindsThatCount) -> bool:
    return consent.basis(purpose, counting(purpose) & AGREEMENTS) is not None


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
