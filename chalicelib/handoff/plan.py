"""What sales is sent: the handoff and its notices, and what it hears afterwards.

Afterwards: that the handoff was a mistake, that a rule disqualifies an accepted lead, that somebody
asked to be contacted without becoming an SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.delivery.message_keys import MessageKey, MessageKind
from chalicelib.delivery.outbox import LEFT, MessageState, OutboxMessage, Via, cancelled, planned
from chalicelib.events import Act, Event
from chalicelib.handoff.dealing import Dealt
from chalicelib.handoff.handoff import (
    Handoff,
    HandoffState,
    Priority,
    WhyHeld,
    brought_in_touch,
    brought_to,
    state_in,
    touched,
)
from chalicelib.handoff.handoff_records import handoff_record
from chalicelib.handoff.routing import Person, person_of, stand_ins
from chalicelib.handoff.sla import first_look
from chalicelib.handoff.ways import BY_EMAIL, notice_to, ways_for
from chalicelib.leads.acts import CONTACT_HOW, ContactHow
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Stage, Transition
from chalicelib.limits import NOTICES_CHANGED_MAX
from chalicelib.qualify.reactions import Plan, Situation

Routing = Mapping[str, Any] | None
BEST_TOTAL = 100_000  # thousandths
LAST_AFTER = timedelta(minutes=30)
FALLBACK = "fallback"
"""The part of a key that tells the fallback person's notice from the salesperson's."""


def hand_over(
    transition: Transition,
    *,
    lead: Lead,
    about: int,
    priority: Priority,
    dealt: Dealt,
    now: datetime,
    why_held: WhyHeld | None,
) -> Plan:
    """Return the handoff of a transition to SQL and its notices.

    An email and a topic message for every lead, a text only for a requested one. dealt: who gets
    it. A held handoff has no notices.
    """
    chosen = dealt.chosen
    why_held = why_held or (WhyHeld.FULL if chosen.waits_until else None)
    handoff = Handoff(
        lead_id=lead.lead_id,
        cycle=transition.cycle,
        kind=transition.kind or "",
        state=HandoffState.HELD if why_held else HandoffState.OPEN,
        priority=priority,
        owner=chosen.owner,
        holder=chosen.holder,
        is_dealt=chosen.is_dealt,
        why=chosen.why,
        handed_to=chosen.holder or chosen.owner,
        handed_why=chosen.why,
        why_held=why_held,
        about=about,
        created_at=now,
        opened_at=None if why_held else now,
        due_at=None if why_held else first_look(priority, now),
    )
    if chosen.waits_until:
        handoff = replace(handoff, due_at=best_first(chosen.waits_until, lead))
    messages = [] if why_held else notices_of(handoff, dealt.receiver, now)
    records = [handoff_record(None, handoff), *dealt.records]
    return Plan(messages=messages, records=records, owner=chosen.owner)


def best_first(at: datetime, lead: Lead) -> datetime:
    """Return when a lead that waits for a moment is looked at: a lead of 100 points at that moment,
    one of 50 a quarter of an hour later, so that the best ones find room.
    """
    missing = max(0, BEST_TOTAL - lead.total)
    return at + LAST_AFTER * min(1.0, missing / BEST_TOTAL)


def notices_of(handoff: Handoff, person: Person | None, now: datetime) -> list[OutboxMessage]:
    """Return the notices of a handoff to whoever receives it, and to the topic. person: None when
    nobody does.
    """

    def key_of(way: str) -> MessageKey:
        return MessageKey(MessageKind.HANDOFF, handoff.cycle, (way,))

    return [
        *(
            notice_to(
                person,
                way,
                lead_id=handoff.lead_id,
                key=key_of(way),
                about=handoff.about,
                now=now,
            )
            for way in ways_for(person, MessageKind.HANDOFF, handoff.priority)
        ),
        planned(
            lead_id=handoff.lead_id,
            key=key_of(Via.SNS),
            via=Via.SNS,
            to=None,
            about=handoff.about,
            now=now,
        ),
    ]


def follow(
    newest: Handoff, situation: Situation, deeds: Sequence[Event], *, is_new: bool
) -> Handoff:
    """Return the lead's newest handoff as it follows what moved the lead, and what sales did.

    is_new: whether the lead is handed over anew, so that an earlier handoff is over.
    """
    after = newest
    if situation.moved:
        last = situation.moved[-1].transition
        is_over = is_new and newest.cycle != last.cycle
        state = HandoffState.CLOSED if is_over else state_in(last.target, newest)
        after = brought_to(newest, state, situation.now)
    for event in deeds:
        if event.name == Act.CONTACT:
            how = ContactHow(str(event.properties[CONTACT_HOW]))
            after = brought_in_touch(after, how, event.at, situation.now)
        after = touched(after, situation.now)
    return after


def instead_of(notice: OutboxMessage, routing: Routing, now: datetime) -> OutboxMessage | None:
    """Return what goes out when the notice of a handoff ended badly: an email to the same person
    when it went into a chat, else one to whoever stands in. None when nobody else is named.
    """
    person = person_of(routing, notice.receiver) if notice.receiver else None
    if notice.via is not Via.WEBHOOK or person is None:
        return _pass_to_fallback(notice, routing, now)
    email = notice_to(
        person,
        BY_EMAIL,
        lead_id=notice.lead_id,
        key=replace(notice.key, parts=(BY_EMAIL, *notice.key.parts[1:])),
        about=notice.about,
        now=now,
    )
    return replace(email, cause=notice.cause)


def _pass_to_fallback(
    notice: OutboxMessage, routing: Routing, now: datetime
) -> OutboxMessage | None:
    """Return the notice of a handoff to the fallback person; to the manager when it was the
    fallback person's own mailbox that it did not reach.

    Once: what goes to the fallback person goes no further. None when nobody else is named.
    """
    if is_fallback(notice.key):
        return None
    failed = (notice.to or "").lower()
    others = (one for one in stand_ins(routing) if one.email.lower() != failed)
    person = next(others, None)
    if person is None:
        return None
    key = replace(notice.key, parts=(*notice.key.parts, FALLBACK))
    passed_on = planned(
        lead_id=notice.lead_id,
        key=key,
        via=Via.EMAIL,
        to=person.email,
        receiver=person.id,
        about=notice.about,
        now=now,
    )
    return replace(passed_on, cause=notice.cause)


def is_fallback(key: MessageKey) -> bool:
    """Return whether a message goes to the fallback person."""
    return key.parts[-1] == FALLBACK


def awaits_call(lead: Lead, cycle: int) -> bool:
    """Return whether a lead that was handed over in a cycle is still an SQL that nobody has taken
    up.
    """
    standing = lead.standing
    is_same = (standing.stage, standing.cycle) == (Stage.SQL, cycle)
    return is_same and not lead.merged_into


def take_back(notices: Sequence[OutboxMessage], about: int, now: datetime) -> Plan:
    """Return what becomes of a handoff's notices when the lead leaves sql without an answer.

    Notices that wait are cancelled; each that left is followed by a correction on the same way. Of
    one that went to several people the newest: they are the last who were asked.
    """
    notices = sorted(notices, key=lambda one: one.created_at)[-NOTICES_CHANGED_MAX:]
    waiting = [(one, cancelled(one)) for one in notices if one.state is MessageState.PLANNED]
    corrections = [
        planned(
            lead_id=one.lead_id,
            key=correction_key(one),
            via=one.via,
            to=one.to,
            receiver=one.receiver,
            about=about,
            now=now,
        )
        for one in notices
        if one.state in LEFT
    ]
    return Plan(messages=corrections, changed=waiting)


def correction_key(notice: OutboxMessage) -> MessageKey:
    """Return the key of the correction that follows a notice."""
    return replace(notice.key, kind=MessageKind.CORRECTION)


def warn_owner(lead: Lead, rule: str, person: Person | None, now: datetime) -> OutboxMessage:
    """Return the email that tells whoever has an accepted lead that a rule disqualifies it.

    person: None when nobody is named.
    """
    return planned(
        lead_id=lead.lead_id,
        key=MessageKey(MessageKind.WARNING, lead.standing.cycle, (rule,)),
        via=Via.EMAIL,
        to=person.email if person else None,
        receiver=person.id if person else None,
        about=lead.version,
        now=now,
    )
