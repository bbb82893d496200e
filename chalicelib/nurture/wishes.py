"""What a person's own wish keeps from leaving: an erasure, and a choice of topics."""

from collections.abc import Callable

from chalicelib.consent.choice import Wanted
from chalicelib.delivery.messages import Skip
from chalicelib.delivery.outbox import MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.nurture.gate import Leaving
from chalicelib.scoring.profile import values


def erased(leaving: Leaving) -> Skip | None:
    """Return that the person was erased since the email was planned (ADR 0046)."""
    erased_at = leaving.lead.erased_at
    if erased_at is None or leaving.message.created_at > erased_at:
        return None
    return Skip(MessageState.SUPPRESSED, NotSentReason.ERASED)


class TopicRule:
    """Skips emails about what a person does not want to hear of (ADR 0063).

    wanted: address -> what was chosen for its mailbox; topics: what an email is about.
    """

    def __init__(
        self,
        *,
        wanted: Callable[[str], Wanted],
        topics: Callable[[OutboxMessage], frozenset[str]],
    ) -> None:
        self._wanted = wanted
        self._topics = topics

    def __call__(self, leaving: Leaving) -> Skip | None:
        """Return that the person unsubscribed from it; None when they did not."""
        address = leaving.message.to or values(leaving.lead.profile).get("email")
        wanted = self._wanted(str(address)) if address else Wanted()
        # Most people want everything: then nobody asks what the email is about.
        if wanted.topics is None or wanted.allows(self._topics(leaving.message)):
            return None
        return Skip(MessageState.SUPPRESSED, NotSentReason.UNSUBSCRIBED)
