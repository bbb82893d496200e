"""What the messages of a handoff's clock say: to whoever has the lead, and to others.

Whoever has the lead reads what to do; a person who has it no longer, that they need do nothing;
everybody else, who has it and what is missing.
"""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import assert_never

from chalicelib.days import local_time
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.handoff.desk import Desk
from chalicelib.handoff.facts import NoticeFacts
from chalicelib.handoff.handoff import Handoff, HandoffState, SlaStep
from chalicelib.handoff.headlines import Wording
from chalicelib.handoff.person_lines import who_words
from chalicelib.handoff.sla import OUTCOME_DAYS, STILL_DAYS, contact_due_at
from chalicelib.handoff.sla_clock import receiver_time
from chalicelib.handoff.wanted import wanted_by
from chalicelib.inert import inert

CLOCK_STEPS = frozenset({SlaStep.REMINDED, SlaStep.ESCALATED, SlaStep.LATE})
"""What ends with the first contact."""
UP_TO_YOU = (
    "Call, write or book a meeting, and say that you did; or say why this lead is not for you."
)
NOTHING_TO_DO = "You need not do anything."
SEE_TO_IT = "Please see that somebody gets in touch."
STAYS_WITH_YOU = "It stays with you until somebody gets in touch."
SAY_WHAT_IS_NEXT = "Note the next step, or say what became of it."
PUT_OFF = "You put this lead off, and wanted to look at it again today."
IF_IT_IS_TIME = "If the time has come, get in touch, and take the lead."
ASK_WHAT_IS_NEXT = "Please ask what comes next."


class Reminding:
    """Says what the messages of the clock say.

    handoff: returns that of a lead's cycle; desk: the salespeople at a moment.
    """

    def __init__(
        self,
        *,
        handoff: Callable[[str, int], Handoff | None],
        desk: Callable[[datetime], Desk],
    ) -> None:
        self._handoff = handoff
        self._desk = desk

    def __call__(self, message: OutboxMessage, facts: NoticeFacts) -> Wording | None:
        """Return what a message says, None when that no longer holds."""
        handoff = self._handoff(message.lead_id, message.key.cycle)
        step = SlaStep(message.key.parts[0])
        # Verdict against reminder: one that was planned before the verdict is not sent after it.
        if handoff is None or not is_still_meant(handoff, step):
            return None
        words = _Words(
            handoff=handoff,
            desk=self._desk(facts.now),
            reader=message.receiver or "",
            who=who_words(facts.profile),
            zone=facts.reader.zone,
            is_answer=wanted_by(facts) is not None,
        )
        return words.of(step)


def is_still_meant(handoff: Handoff, step: SlaStep) -> bool:
    """Return whether what a step says still holds when its message leaves.

    A lead that was accepted or called meanwhile is nobody's to be reminded of.
    """
    if step is SlaStep.WANTED_AGAIN:
        return handoff.state is HandoffState.CLOSED
    is_in_hands = handoff.state in (HandoffState.OPEN, HandoffState.ACCEPTED)
    if step not in handoff.steps or not is_in_hands:
        return False
    if step not in CLOCK_STEPS:
        return True
    taken_at = handoff.accepted_at
    is_taken_since = taken_at is not None and taken_at > handoff.steps[step]
    return handoff.contacted_at is None and not is_taken_since


class _Words:
    """The words about one handoff to one reader.

    who: the lead, inert; is_answer: whether the lead asked to be contacted.
    """

    def __init__(
        self,
        *,
        handoff: Handoff,
        desk: Desk,
        reader: str,
        who: str,
        zone: tzinfo,
        is_answer: bool,
    ) -> None:
        self._handoff = handoff
        self._desk = desk
        self._reader = reader
        self._who = who
        self._zone = zone
        self._is_answer = is_answer
        self._has = self._name(handoff.owner)

    def of(self, step: SlaStep) -> Wording:
        """Return what is said about a step."""
        match step:
            case SlaStep.REMINDED:
                return self._reminded()
            case SlaStep.ESCALATED:
                return self._escalated()
            case SlaStep.LATE:
                is_open = self._handoff.state is HandoffState.OPEN
                closing = STAYS_WITH_YOU if is_open else SEE_TO_IT
                return self._said("has waited too long", self._missing(), closing)
            case SlaStep.NUDGED:
                still = f"Nothing has happened with it for {STILL_DAYS[step]} working days."
                return self._said("needs a next step", still, SAY_WHAT_IS_NEXT)
            case SlaStep.NUDGED_AGAIN:
                still = f"Nothing has happened with it for {STILL_DAYS[step]} working days."
                said = f"{self._has} accepted this lead {self._taken()}. {still}"
                return self._said("has been left alone", said, ASK_WHAT_IS_NEXT)
            case SlaStep.ASKED | SlaStep.ASKED_AGAIN:
                said = f"{self._has} accepted this lead {OUTCOME_DAYS[step]} days ago."
                return self._said("is won, lost, or still open?", said, SAY_WHAT_IS_NEXT)
            case SlaStep.WANTED_AGAIN:
                return self._said("waits for you again", PUT_OFF, IF_IT_IS_TIME)
            case _:
                assert_never(step)

    def _said(
        self,
        want: str,
        opening: str,
        closing: str,
        *,
        asks_verdict: bool = False,
        asks_contact: bool = True,
    ) -> Wording:
        return Wording(
            headline=f"{self._who} {want}",
            want=want,
            opening=opening.removesuffix("."),  # the layout ends the sentence
            closing=closing,
            asks_verdict=asks_verdict,
            asks_contact=asks_contact,
            is_answer=self._is_answer,
        )

    def _reminded(self) -> Wording:
        handoff = self._handoff
        due = self._when(contact_due_at(handoff, receiver_time(handoff, self._desk)))
        is_open = handoff.state is HandoffState.OPEN
        had = f"You have had this lead since {self._when(handoff.opened_at)}."
        said = had if is_open else f"You took this lead {self._taken()}."
        return self._said(
            "is waiting for you",
            f"{said} The first contact is due {due}.",
            UP_TO_YOU,
            asks_verdict=is_open,
        )

    def _escalated(self) -> Wording:
        earlier = self._handoff.earlier_owner
        if self._handoff.reassigned_to is None:
            return self._said(f"is waiting for {self._has}", self._missing(), SEE_TO_IT)
        if self._reader == earlier:
            said = "Nobody got in touch in time, so another person has this lead."
            return self._said(f"is with {self._has} now", said, NOTHING_TO_DO, asks_contact=False)
        had = self._name(earlier)
        said = f"{had} did not get in touch in time, so {self._has} has this lead now."
        return self._said(f"went from {had} to {self._has}", said, NOTHING_TO_DO)

    def _missing(self) -> str:
        """Return who owes the lead what."""
        if self._handoff.state is HandoffState.ACCEPTED:
            return f"{self._has} took this lead {self._taken()}, and has not got in touch."
        since = self._when(self._handoff.opened_at)
        return f"{self._has} has had this lead since {since}, and has not got in touch."

    def _taken(self) -> str:
        return self._when(self._handoff.accepted_at)

    def _name(self, person_id: str | None) -> str:
        person = self._desk.everybody.get(person_id or "")
        return inert(person.name) if person else "the team"

    def _when(self, at: datetime | None) -> str:
        return f"{local_time(at, self._zone):%a %d %b, %H:%M}" if at else "some time ago"
