"""How many emails moves would cause: what a publish says beforehand (ADR 0030)."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

from chalicelib.consent.consent import BasisKind
from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.leads.lead import Lead
from chalicelib.lifecycle.stages import Transition
from chalicelib.nurture.enrolment import Enrolment, enrolment_key
from chalicelib.nurture.entering import (
    NOT_WRITTEN_TO,
    Occasion,
    entered_by,
    fitting,
    next_entry,
    recycle_names,
)
from chalicelib.nurture.sequence_reader import SequenceReader, StoredSequence
from chalicelib.nurture.sequences import SequenceDocument
from chalicelib.nurture.step_emails import planned_email
from chalicelib.scoring.profile import countries_in

Topic = Callable[[], str | None]
MovedLead = tuple[Lead, Transition, Topic]
"""A lead, the last of its steps, and what will interest it most then."""


class Forecast:
    """Counts the emails that moves would cause.

    sendable: how many of some emails would go out, were they planned now, each with the kinds of
    basis that it may rest on; rests_on: returns those for somebody in these countries; enrolled:
    returns which of some first enrolments there are, each by its lead and its key; enrolments: all
    of a lead.
    """

    def __init__(
        self,
        *,
        sequences: Callable[[], Sequence[StoredSequence]],
        sendable: Callable[[Sequence[tuple[OutboxMessage, frozenset[BasisKind]]]], int],
        rests_on: Callable[[Sequence[str]], frozenset[BasisKind]],
        enrolled: Callable[[Collection[tuple[str, str]]], Collection[tuple[str, str]]],
        enrolments: Callable[[str], Sequence[Enrolment]],
    ) -> None:
        self._sequences = SequenceReader(sequences)
        self._sendable = sendable
        self._rests_on = rests_on
        self._enrolled = enrolled
        self._enrolments = enrolments

    def count(self, moves: Sequence[MovedLead], now: datetime) -> int:
        """Return how many emails leads would get first, were they moved so now."""
        entries = list(self._entries(moves))
        if not entries:
            return 0
        wanted = {_place(*entry) for entry in entries}
        known = self._enrolled(wanted)
        emails = []
        for lead, transition, sequence in entries:
            is_new = _place(lead, transition, sequence) not in known
            enrolments = [] if is_new else self._enrolments(lead.lead_id)
            if next_entry(sequence, enrolments, transition.cycle, now) is not None:
                emails.append((_first(lead, transition, sequence, now), self._rests_on_of(lead)))
        return self._sendable(emails)

    def _entries(
        self, moves: Sequence[MovedLead]
    ) -> Iterator[tuple[Lead, Transition, SequenceDocument]]:
        sequences = self._sequences.every()
        for lead, transition, topic in moves:
            entered = entered_by(transition)
            if entered is None or transition.target in NOT_WRITTEN_TO or lead.gets_no_emails:
                continue
            occasion = Occasion(
                stage=transition.target,
                entered=entered,
                recycled_for=recycle_names(transition),
                talked=lead.standing.handed_on is not None,
                topic=topic,
            )
            for entry in fitting(sequences, occasion)[:1]:
                yield lead, transition, entry.sequence

    def _rests_on_of(self, lead: Lead) -> frozenset[BasisKind]:
        return self._rests_on(countries_in(lead.profile))


def _place(lead: Lead, transition: Transition, sequence: SequenceDocument) -> tuple[str, str]:
    return lead.lead_id, enrolment_key(transition.cycle, sequence.id)


def _first(
    lead: Lead, transition: Transition, sequence: SequenceDocument, now: datetime
) -> OutboxMessage:
    step = sequence.steps[0]
    new = Enrolment(
        lead_id=lead.lead_id,
        sequence=sequence.id,
        cycle=transition.cycle,
        entered_at=now,
        cause="",
        due_at=now,
    )
    return planned_email(
        lead, new.message_key(step.id), step.every_email[0], about=lead.version, now=now
    )
