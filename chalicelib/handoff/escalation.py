"""What a step of a handoff's clock does: who hears of it, and who has the lead then. Pure.

Only a lead that was dealt out goes to another person, once, and only while nobody has taken it. The
lead of an owner stays: the deputy and the manager hear of it. After a second miss it stays with the
manager, marked as late, and is never closed silently (playbook, "Routing and SLA defaults").
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import OutboxMessage, Via, planned
from chalicelib.events import epoch_ms
from chalicelib.handoff.desk import Desk
from chalicelib.handoff.giving import tell_new_owner
from chalicelib.handoff.handoff import NUDGES, Handoff, HandoffState, SlaStep
from chalicelib.handoff.routing import Person
from chalicelib.handoff.sla import done
from chalicelib.handoff.ways import notice_to, ways_for

TEAM = ".team"
"""What stands where a person's id stands in a key: nobody's has a dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """A handoff after a step of its clock, and who hears of it."""

    handoff: Handoff
    messages: Sequence[OutboxMessage]


def take_step(
    handoff: Handoff, step: SlaStep, desk: Desk, another: Callable[[], Person | None]
) -> StepTaken:
    """Return what a step does.

    another: returns somebody else who is there and could get the lead, None for nobody.
    """
    after = done(handoff, step, desk.now)
    match step:
        case (
            SlaStep.REMINDED
            | SlaStep.NUDGED
            | SlaStep.ASKED
            | SlaStep.ASKED_AGAIN
            | SlaStep.WANTED_AGAIN
        ):
            receiver = desk.active(handoff.receiver) or desk.last_resort()
            return StepTaken(handoff=after, messages=_remind(after, step, receiver, desk))
        case SlaStep.ESCALATED:
            second = another() if may_be_reassigned(handoff) else None
            return _escalated(after, desk) if second is None else _reassigned(after, second, desk)
        case SlaStep.LATE:
            return _late(after, desk)
        case SlaStep.NUDGED_AGAIN:
            return StepTaken(handoff=after, messages=_tell(after, step, [manager(desk)], desk))
        case _:
            assert_never(step)


def may_be_reassigned(handoff: Handoff) -> bool:
    """Return whether a handoff may go to another person: it was dealt out, once, and nobody has
    taken it.
    """
    is_first = handoff.reassigned_to is None
    return handoff.is_dealt and is_first and handoff.state is HandoffState.OPEN


def manager(desk: Desk) -> Person | None:
    """Return who looks after the salespeople: the manager, else the fallback person."""
    return desk.everybody.get(desk.routing.manager or "") or desk.last_resort()


def _reassigned(handoff: Handoff, second: Person, desk: Desk) -> StepTaken:
    """Return a handoff that another person has from now on, with their notices."""
    first = desk.everybody.get(handoff.receiver or "")
    after = replace(
        handoff,
        owner=second.id,
        holder=None,
        earlier_owner=handoff.owner or handoff.receiver,
        reassigned_to=second.id,
        why=f"{first.name} did not get in touch in time."
        if first
        else "Nobody got in touch in time.",
    )
    hear = [one for one in (first, manager(desk)) if one is not None and one.id != second.id]
    return StepTaken(
        handoff=after,
        messages=[
            *tell_new_owner(after, second, desk.now),
            *_tell(after, SlaStep.ESCALATED, hear, desk),
        ],
    )


def _escalated(handoff: Handoff, desk: Desk) -> StepTaken:
    """Return a handoff that stays: the deputy and the manager hear of it."""
    owner = desk.everybody.get(handoff.owner or "")
    deputy = desk.active(owner.deputy) if owner else None
    return StepTaken(
        handoff=handoff,
        messages=_tell(handoff, SlaStep.ESCALATED, [deputy, manager(desk)], desk),
    )


def _late(handoff: Handoff, desk: Desk) -> StepTaken:
    """Return a handoff that stays with the manager, unless somebody has taken it."""
    person = manager(desk)
    is_open = handoff.state is HandoffState.OPEN
    after = replace(handoff, holder=person.id) if is_open and person else handoff
    return StepTaken(handoff=after, messages=_tell(after, SlaStep.LATE, [person], desk))


def _remind(
    handoff: Handoff, step: SlaStep, person: Person | None, desk: Desk
) -> list[OutboxMessage]:
    if person is None:
        return [_to_team(handoff, MessageKind.REMINDER, step, desk)]
    return _to(handoff, MessageKind.REMINDER, step, person, desk)


def _tell(
    handoff: Handoff, step: SlaStep, people: Iterable[Person | None], desk: Desk
) -> list[OutboxMessage]:
    """Return the messages about a miss to some people, each once; to the team when there is
    nobody.
    """
    named = {person.id: person for person in people if person is not None}
    if not named:
        return [_to_team(handoff, MessageKind.ESCALATION, step, desk)]
    return [
        message
        for person in named.values()
        for message in _to(handoff, MessageKind.ESCALATION, step, person, desk)
    ]


def _to(
    handoff: Handoff, kind: MessageKind, step: SlaStep, person: Person, desk: Desk
) -> list[OutboxMessage]:
    return [
        notice_to(
            person,
            way,
            lead_id=handoff.lead_id,
            key=MessageKey(kind, handoff.cycle, (*_what(handoff, step), person.id, way)),
            about=handoff.about,
            now=desk.now,
        )
        for way in ways_for(person, kind, handoff.priority)
    ]


def _to_team(handoff: Handoff, kind: MessageKind, step: SlaStep, desk: Desk) -> OutboxMessage:
    return planned(
        lead_id=handoff.lead_id,
        key=MessageKey(kind, handoff.cycle, (*_what(handoff, step), TEAM)),
        via=Via.SNS,
        to=None,
        about=handoff.about,
        now=desk.now,
    )


def _what(handoff: Handoff, step: SlaStep) -> tuple[str, ...]:
    """Return the parts of a key that name a step: of a nudge also since when the lead lies still,
    because it may do so again.
    """
    since = handoff.touched_at
    return (step, str(epoch_ms(since))) if step in NUDGES and since else (step,)
