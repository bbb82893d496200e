"""What the claim of any message checks of the standing of the person that it is about."""

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.nurture.entering import closed_stages
from chalicelib.store.lead_items import NO_EMAILS
from chalicelib.store.table import Check, Item, Table
from chalicelib.store.tombstones import check_not_erased, check_standing


def check_may_leave(table: Table, message: OutboxMessage) -> Check:
    """Return the check that nobody was erased since the message was planned; of an email of
    marketing's also that marketing still writes to the lead. Raise ConflictError otherwise.
    """
    if not message.kind.is_marketing:
        return check_not_erased(table, message)
    closed = closed_stages(message.key)

    def is_against(standing: Item) -> bool:
        return NO_EMAILS in standing or standing.get("stage") in closed

    # Verdict against claim: a decision calls off what enrolments have planned. A question, or
    # whatever else is planned in no enrolment's name, is stopped here. ADR 0055
    return check_standing(table, message, "stage", NO_EMAILS, refuses=is_against)
