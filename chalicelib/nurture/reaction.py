"""How marketing reacts to a decision: enrolments begin and end with what happens to the lead.

What ends one commits together with the end of everything that it has planned (ADR 0055).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chalicelib.delivery.outbox import OutboxMessage
from chalicelib.events import Act, Event, Kind
from chalicelib.mail_events import MailEvent
from chalicelib.nurture.sequence_reader import SequenceReader, StoredSequence
from chalicelib.qualify.reactions import NO_PLAN, Plan, Situation
from chalicelib.scoring.tally import signals_of

if TYPE_CHECKING:
    from chalicelib.nurture.enrolment import Enrolment

#: Each of five running enrolments of a lead ends, with its email and its counts, and so does each
#: of a lead that was merged into it; two begin, with their first emails and their counts.
MOST_WRITES = 5 * 3 + 5 * 2 + 2 * 3

TELLING_ACTS = frozenset({Act.EMAILS, Act.SEQUENCE, Act.MERGED})
TELLING_MAIL = frozenset(
    {
        MailEvent.ANSWERED,
        MailEvent.REPLIED,
        MailEvent.UNSUBSCRIBED,
        MailEvent.BOUNCED,
        MailEvent.COMPLAINED,
    }
)


class NurtureReaction:
    """Plans how enrolments begin and end.

    sequences: the stored ones; enrolments, messages: all of a lead; held_by: activation -> the job
    of the publish that holds the emails which it causes, or None.
    """

    def __init__(
        self,
        *,
        sequences: Callable[[], Sequence[StoredSequence]],
        enrolments: "Callable[[str], Sequence[Enrolment]]",
        messages: Callable[[str], Sequence[OutboxMessage]],
        held_by: Callable[[int], str | None],
    ) -> None:
        self._sequences = SequenceReader(sequences)
        self._enrolments = enrolments
        self._messages = messages
        self._held_by = held_by

    def __call__(self, situation: Situation) -> Plan:
        """Return the enrolments that a decision begins and ends, with their emails.

        What a publish begins is held, whoever brings the lead to the model (ADR 0030).
        """
        signals = self._signals_in(situation)
        if not situation.moved and not signals and not any(map(_is_telling, situation.events)):
            return NO_PLAN  # as of most events
        from chalicelib.nurture.enrolling import Enrolling  # few events move a lead

        return Enrolling(
            situation=situation,
            signals=signals,
            sequences=self._sequences,
            enrolments=self._enrolments,
            messages=self._messages,
            held_by=self._held_by,
        ).plan()

    def _signals_in(self, situation: Situation) -> frozenset[str]:
        """Return what the events of a decision mean, of the signals that sequences name."""
        if not situation.events:
            return frozenset()
        named = self._sequences.signals()
        if not named:
            return named
        model = situation.model
        return named & {one.id for event in situation.events for one in signals_of(model, event)}


def _is_telling(event: Event) -> bool:
    """Return whether an event may begin or end an enrolment, whatever signals sequences name."""
    match event.kind:
        case Kind.FORM:
            return True
        case Kind.MAIL:
            return event.name in TELLING_MAIL
        case Kind.PERSON:
            return event.name in TELLING_ACTS
        case _:
            return False
