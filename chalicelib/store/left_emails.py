"""Which of marketing's emails have left, in that order, and what harm each did (ADR 0057).

An item each, written with the message in whichever transaction first says that it has left.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from chalicelib.delivery.outbox import REPORTED, MessageState, OutboxMessage
from chalicelib.events import parse_time, rfc3339
from chalicelib.limits import BRAKE_DAYS
from chalicelib.nurture.brake import Harm, LeftEmail
from chalicelib.store import keys
from chalicelib.store.expiry import expires_after
from chalicelib.store.table import GUARDED, Item, Put, Table

HARMS = {MessageState.BOUNCED: Harm.BOUNCED, MessageState.COMPLAINED: Harm.COMPLAINED}
NAME_CHARS = 16


class LeftEmailItems:
    """Reads the emails that have left."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def newest(self, since: datetime, most: int) -> Sequence[LeftEmail]:
        """Return the last emails that have left since a time, the newest first."""
        items = self._table.query(
            keys.LEFT_EMAILS, first=rfc3339(since), newest_first=True, limit=most
        )
        return [_email_of(item) for item in items]


def put_left(before: OutboxMessage, after: OutboxMessage) -> list[Put]:
    """Return the write that an email has left, or has done harm; none when neither is new."""
    has_left = after.state in REPORTED and before.state not in REPORTED
    did_harm = after.state in HARMS and before.state is not after.state
    if after.sequence is None or after.claimed_at is None or not (has_left or did_harm):
        return []
    harm = HARMS.get(after.state)
    item: Item = {
        "pk": keys.LEFT_EMAILS,
        "sk": f"{rfc3339(after.claimed_at)}#{sha256(after.id.encode()).hexdigest()[:NAME_CHARS]}",
        "schema": keys.SCHEMA,
        "sequence": after.sequence,
        **expires_after(after.claimed_at, BRAKE_DAYS + 1),
    }
    # The message's own write guards it, in the same transaction.
    return [Put(item | ({"harm": harm.value} if harm else {}), GUARDED)]


def _email_of(item: Item) -> LeftEmail:
    at, _, _ = str(item["sk"]).partition("#")
    harm = Harm(str(item["harm"])) if "harm" in item else None
    return LeftEmail(parse_time(at), str(item["sequence"]), harm)
