"""Whose a company is: colleagues stay together (playbook, rule 11).

A company is a domain that is nobody's free mail. Its owner is that of the lead by which it was
first handed over, so that it moves on with that lead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.events import FieldValue, epoch_ms
from chalicelib.leads.records import Record
from chalicelib.scoring.lists import bundled

COMPANY_PREFIX = "COMPANY#"
"""What a company's partition begins with, and the key of each of its leads beside the lead."""
COMPANY_KEY = "COMPANY"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyOwner:
    """By which lead a company has its owner."""

    lead_id: str
    """As it is stored: the lead may have been merged or erased since."""
    owner: str | None
    """The owner of that lead now."""


def company_of(values: Mapping[str, FieldValue]) -> str | None:
    """Return the company's own domain of a profile's values; None for free mail, or no address."""
    domain = values.get("email_domain")
    return domain if isinstance(domain, str) and domain not in bundled("free_mail") else None


def owner_record(domain: str, before: CompanyOwner | None, lead_id: str) -> Record:
    """Return the record that a company has its owner by a lead from now on.

    Colleague against colleague: whoever comes second finds it changed, and goes to the same owner.
    """
    return Record(
        place=COMPANY_PREFIX + domain,
        key=COMPANY_KEY,
        values={"lead_id": lead_id},
        expect={"lead_id": before.lead_id if before else None},
    )


def colleague_record(domain: str, at: datetime) -> Record:
    """Return the record, beside a lead, that it is of a company. at: since when it tells."""
    return Record(
        key=COMPANY_PREFIX + domain,
        values={"created_at_ms": epoch_ms(at)},
        expect={},
        colleague_of=(domain, at),
    )
