"""The message of a step: to whom it goes, and what it means."""

from datetime import datetime

from chalicelib.delivery.message_keys import MessageKey
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.leads.lead import Lead
from chalicelib.scoring.profile import values


def planned_email(
    lead: Lead,
    key: MessageKey,
    email: str,
    *,
    about: int,
    now: datetime,
    held_by: str | None = None,
) -> OutboxMessage:
    """Return the message of a step, to the lead's address as it is known now.

    about: the version of the standing that it is about; held_by: the job of the publish that holds
    it.
    """
    address = values(lead.profile).get("email")
    return planned(
        lead_id=lead.lead_id,
        key=key,
        via=Via.EMAIL,
        to=str(address) if address else None,
        about=about,
        now=now,
        email=email,
        held_by=held_by,
    )
