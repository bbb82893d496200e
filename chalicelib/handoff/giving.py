"""A handoff that a person gives to another salesperson (ADR 0071)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import MessageState, OutboxMessage, Via, cancelled
from chalicelib.handoff.handoff import Handoff
from chalicelib.handoff.routing import Person
from chalicelib.handoff.ways import notice_to, ways_for
from chalicelib.limits import NOTICES_CHANGED_MAX

GIVEN = "given"
"""The part of a key that tells the notice to a new owner from that to the first one."""
WHY_GIVEN = "a colleague gave them the lead"


def given_to(handoff: Handoff, owner: str) -> Handoff:
    """Return a handoff that another salesperson has from now on. It stays with them."""
    return replace(
        handoff,
        owner=owner,
        holder=None,
        is_dealt=False,
        why=WHY_GIVEN,
        version=handoff.version + 1,
    )


def tell_new_owner(handoff: Handoff, person: Person | None, now: datetime) -> list[OutboxMessage]:
    """Return the notices of an open handoff to its new owner. person: None when nobody is named."""
    # A lead may come back to the same person: the version tells one time from the other.
    return [
        notice_to(
            person,
            way,
            lead_id=handoff.lead_id,
            key=MessageKey(MessageKind.HANDOFF, handoff.cycle, (way, GIVEN, str(handoff.version))),
            about=handoff.about,
            now=now,
        )
        for way in ways_for(person, MessageKind.HANDOFF, handoff.priority)
    ]


def call_off(notices: Sequence[OutboxMessage]) -> list[tuple[OutboxMessage, OutboxMessage]]:
    """Return the notices that still wait for the earlier owner, each before and after."""
    newest = sorted(notices, key=lambda one: one.created_at)[-NOTICES_CHANGED_MAX:]
    return [
        (one, cancelled(one))
        for one in newest
        if one.state is MessageState.PLANNED and one.via is not Via.SNS
    ]
