"""How much a salesperson gets in an hour and a day, by each way; what is above it is listed in one
digest (playbook, "Texts have a budget"). Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.days import hour_of
from chalicelib.delivery.message_keys import OF_PERSON, MessageKey, MessageKind
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.limits import (
    DIGEST_AFTER_MINUTES,
    PERSON_CHATS_PER_HOUR,
    PERSON_EMAILS_PER_HOUR,
    PERSON_TEXTS_PER_DAY,
    PERSON_TEXTS_PER_HOUR,
)

PER_HOUR: Mapping[Via, int] = {
    Via.EMAIL: PERSON_EMAILS_PER_HOUR,
    Via.WEBHOOK: PERSON_CHATS_PER_HOUR,
    Via.SMS: PERSON_TEXTS_PER_HOUR,
}
PER_DAY: Mapping[Via, int] = {Via.SMS: PERSON_TEXTS_PER_DAY}
HOURS_OF_DAY = 24
NOT_COUNTED = frozenset({MessageKind.DIGEST, MessageKind.CODE})
"""What stands in for what is over a budget, and what has a limit of its own."""
IN_DIGEST = "in a digest"
"""What the detail of a message says whose lead a digest names instead."""
DIGEST_AFTER = timedelta(minutes=DIGEST_AFTER_MINUTES)
FORMAT = "%Y-%m-%d-%H%M"


@dataclass(frozen=True, slots=True)
class Listing:
    """A decision to send nothing now: a list at a later time names the lead."""

    reason: NotSentReason
    at: datetime
    """When the list leaves."""


def is_counted(message: OutboxMessage) -> bool:
    """Return whether a message counts in the budget of whoever receives it."""
    return (
        message.receiver is not None and message.via in PER_HOUR and message.kind not in NOT_COUNTED
    )


def has_room(via: Via, *, this_hour: int, day: int) -> bool:
    """Return whether one more message may leave by a way.

    this_hour: how many left, or tried to; day: how many began to in the last 24 hours. One that
    waits for its service tries in each hour, and began once: pass 0 for it.
    """
    return this_hour < PER_HOUR[via] and (via not in PER_DAY or day < PER_DAY[via])


def after_the_hour(now: datetime) -> datetime:
    """Return when the digest leaves of what is over this hour's budget."""
    return hour_of(now) + timedelta(hours=1) + DIGEST_AFTER


def digests_for(listed: OutboxMessage, listing: Listing, now: datetime) -> list[OutboxMessage]:
    """Return the digest that names the lead of a message that is not sent: an email, and of the
    night's texts also one text.
    """
    ways: dict[Via, str | None] = {Via.EMAIL: None}  # where, says the routing when it leaves
    if listing.reason is NotSentReason.OUTSIDE_HOURS:
        ways[Via.SMS] = listed.to
    return [_digest(listed, listing, via, to, now) for via, to in ways.items()]


def _digest(
    listed: OutboxMessage, listing: Listing, via: Via, to: str | None, now: datetime
) -> OutboxMessage:
    person = listed.receiver
    assert person is not None, "only what has a receiver is counted"
    return planned(
        lead_id=OF_PERSON + person,
        key=MessageKey(MessageKind.DIGEST, 1, (via, f"{listing.at:{FORMAT}}")),
        via=via,
        to=to,
        receiver=person,
        about=0,
        now=now,
        waits=(listing.reason, listing.at),
    )


def slot_of(digest: OutboxMessage) -> str:
    """Return the time by which the entries of a digest are found."""
    return digest.key.parts[1]


def person_of_digest(digest: OutboxMessage) -> str:
    """Return the id of the person whose leads a digest lists, whoever gets it."""
    return digest.lead_id.removeprefix(OF_PERSON)
