"""That a sequence still sends, checked in the claim of its email (ADR 0055)."""

import json

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import ConflictError
from chalicelib.nurture.mailings.mailing import MailingStatus
from chalicelib.store import keys
from chalicelib.store.table import ABSENT, Check, Table

SEQUENCES = "sequence"


def check_sequence(table: Table, message: OutboxMessage) -> list[Check]:
    """Return the check that a sequence is as it is read here: active, and not deleted; and that a
    mailing is confirmed, and not cancelled.

    PUT against claim: what the gate read may be half a minute old. Whoever switches a sequence off
    and has the answer knows that none of its emails is claimed any more. Raise ConflictError for
    one that sends nothing: the message stays planned, and the gate says why at its next look.
    """
    mailing_id = message.key.mailing
    if mailing_id is not None:  # cancel against claim: one of the two is first. ADR 0064
        is_on = {"status": MailingStatus.CONFIRMED.value}
        return [Check(keys.mailing(mailing_id), keys.MAILING, is_on, name=keys.MAILING)]
    pk = keys.config(SEQUENCES)
    sequence_id = message.key.parts[0]
    item = table.get(pk, sequence_id)
    if item is None:  # an email of before sequences were documents
        return [Check(pk, sequence_id, ABSENT, name=SEQUENCES)]
    is_active = json.loads(str(item["document"])).get("active", True)
    if item.get("deleted") or not is_active:
        raise ConflictError({SEQUENCES: item})
    return [Check(pk, sequence_id, {"version": item.get("version")}, name=SEQUENCES)]
