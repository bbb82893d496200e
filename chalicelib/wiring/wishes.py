"""What people chose on the page of an email's way out, as the gate and the claims ask for it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.consent.choice import Wanted
    from chalicelib.delivery.outbox import OutboxMessage
    from chalicelib.nurture.gate import Leaving
    from chalicelib.nurture.spacing import SendLimits
    from chalicelib.wiring.stores import Stores


class Wishes:
    """Answers what a person wants, and what an email is about."""

    def __init__(self, stores: "Stores") -> None:
        self._stores = stores

    def topics_of(self, message: "OutboxMessage") -> frozenset[str]:
        """Return what a marketing email is about."""
        from chalicelib.nurture.topics import topics_of

        mailing_id = message.key.mailing
        if mailing_id is not None:
            mailing = self._stores.documents.get("mailing", mailing_id) or {}
            return topics_of({"enter": {"topic": mailing.get("topic")}})
        return topics_of(self._stores.documents.get("sequence", message.sequence or ""))

    def wanted(self, address: str) -> "Wanted":
        """Return which emails are wanted at an address."""
        from chalicelib.store.choices import read_choice

        mailbox = self._stores.mailbox_of(address)
        return read_choice(self._stores.table, mailbox.id).wanted

    def limits(self, leaving: "Leaving") -> "SendLimits":
        """Return how many emails somebody gets: half as many for whoever wants fewer."""
        limits = self._stores.send_limits()
        address = leaving.address
        return limits.fewer() if address and self.wanted(address).fewer else limits
