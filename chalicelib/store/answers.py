"""Answers to forms, as their claim checks and counts them: so many a day for each mailbox, and none
to one that complained or bounced (ADR 0045).
"""

from datetime import UTC

from chalicelib.consent.consent import also_suppressed
from chalicelib.consent.mailbox import Mailbox
from chalicelib.days import day_of
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.errors import ConflictError, MailboxLimitError
from chalicelib.limits import ANSWERS_PER_MAILBOX
from chalicelib.store import keys
from chalicelib.store.consent_items import consent_of
from chalicelib.store.expiry import expires_after
from chalicelib.store.first_emails import COUNTER_KEPT_DAYS
from chalicelib.store.mailboxes import keys_of, suppressions_of
from chalicelib.store.table import Check, Item, Put, Table, as_read


def check_may_answer(table: Table, lead_id: str, mailbox: Mailbox) -> list[Check]:
    """Return the checks that an answer to a form may leave: what was read still holds.

    Raise ConflictError for a mailbox that complained or bounced.
    """
    consent_key = (keys.lead(lead_id), keys.CONSENT)
    wishes_key, bounce_key = keys_of(mailbox)
    consent, wishes, bounce = (table.get(*key) for key in (consent_key, wishes_key, bounce_key))
    of_mailbox = suppressions_of(item for item in (wishes, bounce) if item is not None)
    if also_suppressed(consent_of(consent), of_mailbox).undeliverable is not None:
        raise ConflictError({keys.CONSENT: consent})
    return [
        Check(*consent_key, as_read(consent, "version")),
        Check(*wishes_key, as_read(wishes, "version")),
        Check(*bounce_key, as_read(bounce, "at_ms")),
    ]


def count_answer(
    table: Table, before: OutboxMessage, claimed: OutboxMessage, mailbox_id: str
) -> list[Put]:
    """Return the write that counts an answer to a mailbox on a day in UTC, for the transaction that
    claims it; none for one that was claimed before.

    Raise MailboxLimitError when the day's are spent.
    """
    if before.claims:
        return []
    now = claimed.claimed_at
    assert now is not None, "a claimed message says when"
    partition = keys.mailbox(mailbox_id)
    day = day_of(now, UTC).isoformat()
    item = table.get(partition, keys.ANSWERS)
    sent = int(item["sent"]) if item and item["day"] == day else 0
    if sent >= ANSWERS_PER_MAILBOX:
        raise MailboxLimitError(f"this mailbox has had its {sent} answers of the day")
    counted: Item = {
        "pk": partition,
        "sk": keys.ANSWERS,
        "schema": keys.SCHEMA,
        "day": day,
        "sent": sent + 1,
        **expires_after(now, COUNTER_KEPT_DAYS),
    }
    return [Put(counted, as_read(item, "day", "sent"))]
