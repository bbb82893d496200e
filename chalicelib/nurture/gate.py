"""What keeps a marketing email from leaving now: the rules of several subjects, asked in order.

Each is asked again when the email is due again. What must not slip through between this look and
the sending is also checked in the claim's own transaction (store/claims.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.delivery.messages import Hold, Skip
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.leads.lead import Lead
from chalicelib.scoring.profile import values


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A marketing email that is about to leave."""

    message: OutboxMessage
    lead: Lead
    now: datetime
    ends_at: datetime
    """When it is given up, as stale."""

    @property
    def address(self) -> str | None:
        """Where it goes, None where no address is known yet."""
        known = values(self.lead.profile).get("email")
        return self.message.to or (str(known) if known else None)


GateRule = Callable[[Leaving], Skip | Hold | None]
"""Says why an email is not sent, or not yet; None: this rule lets it go."""


class Gate:
    """Asks every rule, in order. The first that has something against the email decides.

    lead: returns the lead that a message is about; stale_after: how long a message may wait.
    """

    def __init__(
        self,
        *,
        lead: Callable[[str], Lead],
        stale_after: Callable[[OutboxMessage], timedelta],
        rules: Sequence[GateRule],
        now: Callable[[], datetime],
    ) -> None:
        self._lead = lead
        self._stale_after = stale_after
        self._rules = rules
        self._now = now

    def __call__(self, message: OutboxMessage) -> Skip | Hold | None:
        """Return why an email is not sent, or not yet; None when it may leave."""
        leaving = Leaving(
            message=message,
            lead=self._lead(message.lead_id),
            now=self._now(),
            ends_at=message.waits_since + self._stale_after(message),
        )
        return next((found for rule in self._rules if (found := rule(leaving))), None)
