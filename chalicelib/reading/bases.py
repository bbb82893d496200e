"""Whether we may write to a lead, measure what it clicks, and call it, as the API answers it."""

from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.consent.consent import BasisKind, Consent, Purpose
from chalicelib.events import rfc3339
from chalicelib.leads.lead import Lead
from chalicelib.reading.serializers import serialize_proof
from chalicelib.scoring.profile import countries_in

Counting = Callable[[Purpose, Sequence[str]], frozenset[BasisKind]]
"""Purpose and the countries of a lead -> the kinds of basis that count."""


def serialize_bases(consent: Consent, lead: Lead, counting: Counting) -> dict[str, Any]:
    """Return the basis of each purpose: whether it allows it, its kind, its date and its proof.

    A suppression stops emails and their measuring, whatever else is known; calls it says nothing
    about.
    """
    countries = countries_in(lead.profile)
    return {
        purpose.value: _serialize(consent, purpose, counting(purpose, countries))
        for purpose in Purpose
    }


def _serialize(
    consent: Consent, purpose: Purpose, counting: frozenset[BasisKind]
) -> dict[str, Any]:
    kind = consent.basis(purpose, counting)
    proof = consent.proof_of(purpose, kind) if kind else None
    suppressed = None if purpose is Purpose.CALLS else consent.suppressed
    return {
        "allowed": kind is not None and suppressed is None,
        "kind": kind,
        "at": rfc3339(proof.at) if proof else None,
        "proof": serialize_proof(proof) if proof else None,
        "suppressed": suppressed,
    }
