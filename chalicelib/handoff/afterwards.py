"""What sales hears of a lead beside its handoff: requests, messages, activity (ADR 0071)."""

from datetime import date, datetime

from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.handoff.desk import Desk
from chalicelib.handoff.listening import listener
from chalicelib.handoff.ways import notice_to, ways_for
from chalicelib.leads.lead import Lead

WRITTEN = "message"
"""The part of a key that tells what somebody wrote from a request."""
OF_ACTIVITY = "active"
"""The part of a key that tells what a lead does from a request."""
LATER_REQUEST = "again"
"""The part of a key that tells a later request of a cycle, which makes no SQL either."""
NOT_OF_OWNER = frozenset({WRITTEN, OF_ACTIVITY, LATER_REQUEST})


def triage_request(lead: Lead, now: datetime, day: str = "") -> OutboxMessage:
    """Return the message to the team that somebody asked whom our rules keep from sales.

    day: of a later request of the lead's cycle, because the team hears of these once a day; empty
    for the first one.
    """
    return _to_topic(lead, now, *((LATER_REQUEST, day) if day else ()))


def pass_on_message(
    lead: Lead, desk: Desk, address: str | None, now: datetime, day: date
) -> list[OutboxMessage]:
    """Return the messages about what somebody wrote in a form that is not a request.

    address: who answers such a form; without one the owner of a lead that sales has, and the team.
    Once a day, because the day is part of the key.
    """
    parts = (WRITTEN, day.isoformat())
    if address is not None:
        key = _key(lead, Via.EMAIL, *parts)
        to_address = planned(
            lead_id=lead.lead_id,
            key=key,
            via=Via.EMAIL,
            to=address,
            about=lead.version,
            now=now,
        )
        return [to_address]
    if lead.standing.owner is None:
        return [_to_topic(lead, now, *parts)]
    return _to_owner_and_topic(lead, desk, now, *parts)


def pass_on_request(lead: Lead, desk: Desk, now: datetime, request: str) -> list[OutboxMessage]:
    """Return the messages to owner and team about a new request of a lead that sales has.

    request: what tells it from others, because each is passed on at once: the id of its event, or
    the day where only a replay has found it.
    """
    return _to_owner_and_topic(lead, desk, now, request)


def pass_on_activity(lead: Lead, desk: Desk, now: datetime, day: str) -> list[OutboxMessage]:
    """Return the messages to owner and team about what a lead does that sales has, once a day."""
    return _to_owner_and_topic(lead, desk, now, OF_ACTIVITY, day)


def is_about_message(key: MessageKey) -> bool:
    """Return whether a notice is about what somebody wrote, and not about a request."""
    return key.kind is MessageKind.TRIAGE and WRITTEN in key.parts


def is_about_activity(key: MessageKey) -> bool:
    """Return whether a notice is about what a lead does that sales has."""
    return key.kind is MessageKind.TRIAGE and OF_ACTIVITY in key.parts


def is_of_owner(key: MessageKey) -> bool:
    """Return whether a notice is about a request of a lead that sales has already."""
    is_triage = key.kind is MessageKind.TRIAGE and len(key.parts) > 1
    return is_triage and NOT_OF_OWNER.isdisjoint(key.parts)


def _to_owner_and_topic(lead: Lead, desk: Desk, now: datetime, *parts: str) -> list[OutboxMessage]:
    person = listener(desk, lead.standing.owner)
    (way,) = ways_for(person, MessageKind.TRIAGE)
    to_owner = notice_to(
        person,
        way,
        lead_id=lead.lead_id,
        key=_key(lead, way, *parts),
        about=lead.version,
        now=now,
    )
    return [to_owner, _to_topic(lead, now, *parts)]


def _to_topic(lead: Lead, now: datetime, *parts: str) -> OutboxMessage:
    return planned(
        lead_id=lead.lead_id,
        key=_key(lead, Via.SNS, *parts),
        via=Via.SNS,
        to=None,
        about=lead.version,
        now=now,
    )


def _key(lead: Lead, way: str, *parts: str) -> MessageKey:
    return MessageKey(MessageKind.TRIAGE, lead.standing.cycle, (way, *parts))
