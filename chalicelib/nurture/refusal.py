"""Whether anybody may write to a person at all, as the gate asks it.

The claim asks it again, in its own transaction (store/claims.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from chalicelib.consent.consent import NO_CONSENT, BasisKind, Consent
from chalicelib.delivery.holding import UNCONFIRMED_WAIT
from chalicelib.delivery.messages import Hold, Skip
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.nurture.gate import Leaving
from chalicelib.scoring.profile import countries_in


class Refusal:
    """Says why nobody may write to a person. consent: what a claim of a message asks; rests_on:
    returns what a marketing email to somebody in these countries may rest on.
    """

    def __init__(
        self,
        *,
        consent: Callable[[OutboxMessage], Consent],
        rests_on: Callable[[Sequence[str]], frozenset[BasisKind]],
    ) -> None:
        self._consent = consent
        self._rests_on = rests_on

    def __call__(self, leaving: Leaving) -> Skip | Hold | None:
        """Return how an email ends, or that it waits for a confirmation; None when it may leave."""
        consent = self._consent(replace(leaving.message, to=leaving.address))
        reason = consent.refusal(self._rests_on(countries_in(leaving.lead.profile)))
        if reason is None:
            return None
        if reason == NO_CONSENT and consent.awaits_confirmation:
            until = leaving.now + UNCONFIRMED_WAIT
            return Hold(NotSentReason.UNCONFIRMED, until, leaving.ends_at)
        return Skip(MessageState.SUPPRESSED, NotSentReason(reason))
