"""What the numbers of sequences lose and keep when an item of a person is erased (ADR 0060)."""

from datetime import UTC, datetime

from chalicelib.delivery.counts import Count, count_change
from chalicelib.nurture.enrolment import ExitReason, counts_of, end_enrolment
from chalicelib.store import keys
from chalicelib.store.enrolments import enrolment_of
from chalicelib.store.outbox_items import message_of
from chalicelib.store.table import Item

SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # nothing is stored with it


def erased_counts(item: Item) -> list[Count]:
    """Return what to count when an item is deleted: an email that waits was not sent, and an
    enrolment that runs has ended. Nothing for any other item, or one of a later version.
    """
    family = str(item["sk"])
    try:
        if family.startswith(keys.OUTBOX):
            return [*count_change(message_of(item), None)]
        if family.startswith(keys.ENROL):
            enrolment = enrolment_of(item)
            if enrolment.is_running:
                gone = end_enrolment(enrolment, ExitReason.ERASED, SOME_TIME)
                return counts_of(enrolment, gone)
    except (KeyError, ValueError):  # of a later version, taken back: it goes all the same
        pass
    return []
