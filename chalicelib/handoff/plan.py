"""The handoff: that a lead goes to sales, to whom, and by which ways they are told; one message per
via.

And what they are told later: that it was a mistake, that an accepted lead is disqualified, that
somebody asked who makes no SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import (
    LEFT,
    MessageState,
    OutboxMessage,
    Via,
    cancelled,
    planned,
)
from chalicelib.handoff.routing import salesperson
from chalicelib.lifecycle.stages import Standing, Transition
from chalicelib.scoring.model import REQUESTED


class HandoffState(StrEnum):
    """Whether sales was told."""

    OPEN = "open"  # they were, or are being told
    HELD = "held"  # a flood brake keeps it: it came from a publish or an import


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """That a lead was handed to sales in a cycle. owner: the salesperson's id, None when nobody is
    active.
    """

    cycle: int
    owner: str | None
    kind: str
    created_at: datetime
    state: HandoffState = HandoffState.OPEN


def handoff_of(
    transition: Transition,
    owner: str | None,
    lead_id: str,
    version: int,
    routing: Mapping[str, Any] | None,
    now: datetime,
    *,
    held: bool = False,
) -> tuple[Handoff, list[OutboxMessage]]:
    """The handoff of a transition to SQL and its notices: mail and topic for all, a text only for a
    requested one.

    owner: the lead's, who gets it again. A held one has no notices.
    """
    person = salesperson(routing, owner)
    cycle, kind = transition.cycle, transition.kind or ""
    state = HandoffState.HELD if held else HandoffState.OPEN
    handoff = Handoff(
        cycle=cycle, owner=person.id if person else None, kind=kind, created_at=now, state=state
    )
    ways: dict[Via, str | None] = {
        Via.EMAIL: person.email if person else None,
        Via.SNS: None,
    }
    if kind == REQUESTED:
        ways[Via.SMS] = person.phone if person else None
    outbox = [
        planned(
            lead_id=lead_id,
            key=MessageKey(MessageKind.HANDOFF, cycle, (via,)),
            via=via,
            to=to,
            about=version,
            now=now,
        )
        for via, to in ways.items()
    ]
    return handoff, [] if held else outbox


def withdrawn(
    notices: Sequence[OutboxMessage], version: int, now: datetime
) -> tuple[list[tuple[OutboxMessage, OutboxMessage]], list[OutboxMessage]]:
    """What becomes of a handoff's notices when the lead leaves sql without an answer of sales.

    Those that wait are cancelled, as pairs of before and after; those that left get a correction by
    the same via.
    """
    waiting = [(one, cancelled(one)) for one in notices if one.state is MessageState.PLANNED]
    corrections = [
        planned(
            lead_id=one.lead_id,
            key=correction_key(one),
            via=one.via,
            to=one.to,
            about=version,
            now=now,
        )
        for one in notices
        if one.state in LEFT
    ]
    return waiting, corrections


def correction_key(notice: OutboxMessage) -> MessageKey:
    """The key of the correction that follows a notice."""
    return replace(notice.key, kind=MessageKind.CORRECTION)


def warning(
    rule: str, standing: Standing, lead_id: str, version: int, routing: Any, now: datetime
) -> OutboxMessage:
    """The mail to the owner of an accepted lead that a rule disqualifies it."""
    person = salesperson(routing, standing.owner)
    return planned(
        lead_id=lead_id,
        key=MessageKey(MessageKind.WARNING, standing.cycle, (rule,)),
        via=Via.EMAIL,
        to=person.email if person else None,
        about=version,
        now=now,
    )


def triage(cycle: int, lead_id: str, version: int, now: datetime) -> OutboxMessage:
    """The message to the team that somebody asked to be contacted whom our rules keep from
    sales.
    """
    return planned(
        lead_id=lead_id,
        key=MessageKey(MessageKind.TRIAGE, cycle, (Via.SNS,)),
        via=Via.SNS,
        to=None,
        about=version,
        now=now,
    )


def owners_request(
    standing: Standing, lead_id: str, version: int, routing: Any, now: datetime
) -> list[OutboxMessage]:
    """The mail to the owner that somebody whom sales has already, or a customer, asked to be
    contacted, and the message to the team: once a day.
    """
    person = salesperson(routing, standing.owner)
    to: dict[Via, str | None] = {Via.EMAIL: person.email if person else None, Via.SNS: None}
    return [
        planned(
            lead_id=lead_id,
            key=MessageKey(MessageKind.TRIAGE, standing.cycle, (via, f"{now:%Y-%m-%d}")),
            via=via,
            to=address,
            about=version,
            now=now,
        )
        for via, address in to.items()
    ]
