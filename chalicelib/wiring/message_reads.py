"""What is asked of the table for one message, read at once: a call costs more than what it reads
(ADR 0066).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chalicelib.store import keys

if TYPE_CHECKING:
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.wiring.stores import Stores


class MessageReads:
    """Reads what a message asks for."""

    def __init__(self, stores: "Stores") -> None:
        self._stores = stores

    @contextmanager
    def of_lead(self, lead_id: str) -> Iterator[None]:
        """Read once, in the block, what is asked for: first the lead, with its messages."""
        table = self._stores.table
        with table.sharing():
            # The messages, the profile, open replies and the standing stand in this order.
            list(table.query(keys.lead(lead_id), first=keys.OUTBOX, last=keys.STANDING))
            yield

    def for_marketing(self, message: "OutboxMessage") -> None:
        """Read what the gate, the email and the claim of a marketing email ask for."""
        from chalicelib.nurture.enrolment import belongs_to
        from chalicelib.store.addresses import profile_address
        from chalicelib.store.sending import keys_over

        lead_id = message.lead_id
        stores = self._stores
        mailing_id = message.key.mailing
        sender = (
            (keys.mailing(mailing_id), keys.MAILING)
            if mailing_id is not None
            else (keys.config("sequence"), message.key.parts[0])
        )
        address = message.to or profile_address(stores.leads.read(lead_id).profile)
        stores.table.fetch(
            [
                sender,
                (keys.lead(lead_id), keys.ENROL + belongs_to(message.key)),
                (keys.lead(lead_id), keys.CONSENT),
                (keys.ALLOWANCE, keys.ALLOWANCE),
                *keys_over(message.sequence),
                *(stores.outbox.asked_of(message, address, stores.ports.now()) if address else ()),
            ]
        )
