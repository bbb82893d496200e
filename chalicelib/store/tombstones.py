"""Who was erased, and when: the standing of an erased lead says so, and a list for backups.

Nothing is sent about somebody who was erased since it was planned (ADR 0046).
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.errors import ConflictError
from chalicelib.events import epoch_ms, rfc3339
from chalicelib.store import keys
from chalicelib.store.table import GUARDED, Check, Item, Put, Table, as_read

if TYPE_CHECKING:
    from chalicelib.delivery.outbox import OutboxMessage

ERASED_AT = "erased_at_ms"


def put_note(lead_id: str, erased_at: datetime) -> Put:
    """Return the write that notes an erasure for whoever restores a backup."""
    sk = f"{rfc3339(erased_at)}#{lead_id}"
    # Without a condition: a step of a job that comes again notes the same.
    return Put({"pk": keys.ERASED, "sk": sk, "schema": keys.SCHEMA}, GUARDED)


def erased_since(table: Table, since: datetime) -> Iterator[tuple[str, str]]:
    """Yield when and who was erased from a moment on, the earliest first."""
    for item in table.query(keys.ERASED, first=rfc3339(since)):
        at, _, lead_id = str(item["sk"]).partition("#")
        yield at, lead_id


def check_not_erased(table: Table, message: "OutboxMessage") -> Check:
    """Return the check that the person a message is about was not erased since it was planned.

    Raise ConflictError when they were.
    """
    return check_standing(table, message)


def check_standing(
    table: Table,
    message: "OutboxMessage",
    *also: str,
    refuses: Callable[[Item], bool] = lambda _standing: False,
) -> Check:
    """Return the check that the person a message is about was not erased since it was planned, and
    that their standing is as it is read here.

    also: more attributes that must stay as they are; refuses: returns whether a standing is against
    the message. Raise ConflictError when they were erased, or it is.
    """
    # Claim against erasure: whoever was merged is erased with the survivor, whose standing says so
    # before the request is answered. What the job has not deleted yet stays unsent. ADR 0046
    lead_id = message.lead_id
    while True:
        pk = keys.lead(lead_id)
        standing = table.get(pk, keys.STANDING)
        erased_at_ms = int(standing.get(ERASED_AT, -1)) if standing else -1
        is_refused = standing is not None and refuses(standing)
        if is_refused or epoch_ms(message.created_at) <= erased_at_ms:
            raise ConflictError({keys.STANDING: standing})
        if standing is None or "merged_into" not in standing:
            return Check(pk, keys.STANDING, as_read(standing, ERASED_AT, "merged_into", *also))
        lead_id = str(standing["merged_into"])
