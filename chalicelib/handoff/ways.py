"""By which ways a salesperson hears of something: those of `notify`, in its order (ADR 0073)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.handoff.handoff import Priority
from chalicelib.handoff.routing import NotifyWay, Person

BY_EMAIL: NotifyWay = "email"
BY_TEXT: NotifyWay = "sms"
VIA: Mapping[NotifyWay, Via] = {
    "email": Via.EMAIL,
    "slack": Via.WEBHOOK,
    "teams": Via.WEBHOOK,
    "sms": Via.SMS,
}
USUAL: Sequence[NotifyWay] = (BY_EMAIL, BY_TEXT)
"""The ways of somebody who names none."""
ON_EVERY_WAY = frozenset({MessageKind.HANDOFF})
"""What must not be missed. Anything else comes by the preferred way alone."""
URGENT = frozenset({Priority.P1, Priority.P2})


def ways_for(
    person: Person | None, kind: MessageKind, priority: Priority | None = None
) -> Sequence[NotifyWay]:
    """Return the ways by which a person gets a message of a kind, the preferred one first.

    Only what must not be missed about a requested lead is texted (playbook, rule 2). A text alone
    says too little: whoever names neither email nor chat gets an email, too.
    person: None where nobody is named; priority: of the handoff, None of anything else.
    """
    named = person.notify if person else USUAL
    is_texted = kind in ON_EVERY_WAY and priority in URGENT
    ways = [way for way in named if way != BY_TEXT or is_texted]
    if not any(way != BY_TEXT for way in ways):
        ways.insert(0, BY_EMAIL)
    return ways if kind in ON_EVERY_WAY else ways[:1]


def notice_to(
    person: Person | None,
    way: NotifyWay,
    *,
    lead_id: str,
    key: MessageKey,
    about: int,
    now: datetime,
) -> OutboxMessage:
    """Return a new message to a person by one of the ways.

    person: None where nobody is named; key: with the way in it; about: the standing's version that
    it is about.
    """
    return planned(
        lead_id=lead_id,
        key=key,
        via=VIA[way],
        to=_address(person, way) if person else None,
        receiver=person.id if person else None,
        about=about,
        now=now,
    )


def _address(person: Person, way: NotifyWay) -> str | None:
    """Return where a message goes. Of a chat that is its name: the URL is a secret, and is read
    when the message leaves.
    """
    match way:
        case "email":
            return person.email
        case "sms":
            return person.phone
        case "slack" | "teams":
            return way
        case _:
            assert_never(way)
