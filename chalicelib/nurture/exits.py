"""What ends a lead's enrolments, and what becomes of an email that one has planned. Pure."""

from collections.abc import Sequence, Set
from datetime import datetime

from chalicelib.delivery.outbox import MessageState, OutboxMessage, settled
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.events import Act, Event, Kind
from chalicelib.leads.acts import EMAILS_STOP, SEQUENCE_DO, SEQUENCE_NAME, STOP_SEQUENCE
from chalicelib.lifecycle.stages import Stage
from chalicelib.mail_events import BOUNCE_KIND, HARD, MailEvent
from chalicelib.nurture.enrolment import Enrolment, ExitReason, end_enrolment, past
from chalicelib.nurture.moves import Left, became
from chalicelib.nurture.sequences import SequenceDocument

EXITS_BY_STAGE = {
    Stage.SQL: ExitReason.WITH_SALES,
    Stage.ACCEPTED: ExitReason.WITH_SALES,
    Stage.OPPORTUNITY: ExitReason.WITH_SALES,
    Stage.CUSTOMER: ExitReason.CUSTOMER,
    Stage.DISQUALIFIED: ExitReason.DISQUALIFIED,
}
"""Where nothing of marketing goes on."""
BY_MAIL = {
    MailEvent.REPLIED: ExitReason.REPLIED,
    MailEvent.UNSUBSCRIBED: ExitReason.UNSUBSCRIBED,
    MailEvent.COMPLAINED: ExitReason.COMPLAINED,
}
REASONS_NOT_SENT = {
    ExitReason.WITH_SALES: NotSentReason.WITH_SALES,
    ExitReason.STOPPED_BY_OWNER: NotSentReason.STOPPED_BY_OWNER,
    ExitReason.UNSUBSCRIBED: NotSentReason.UNSUBSCRIBED,
    ExitReason.BOUNCED: NotSentReason.BOUNCED,
    ExitReason.COMPLAINED: NotSentReason.COMPLAINED,
    ExitReason.INTERNAL: NotSentReason.INTERNAL,
    ExitReason.SUNSET: NotSentReason.SUNSET,
}
"""Why an enrolment ends -> why an email that it has planned is not sent; otherwise `exited`."""
OF_THE_PERSON = frozenset(
    {NotSentReason.UNSUBSCRIBED, NotSentReason.BOUNCED, NotSentReason.COMPLAINED}
)
"""The reasons for which an email ends as suppressed."""

Ends = tuple[ExitReason, str | None]
"""Why an enrolment ends, and the goal that it reached."""


def ends_every(stage: Stage, events: Sequence[Event]) -> ExitReason | None:
    """Return why every enrolment of a lead ends, None where they go on.

    stage: in which the lead is; events: what was taken in.
    """
    if stage in EXITS_BY_STAGE:
        return EXITS_BY_STAGE[stage]
    for event in events:
        if event.kind is Kind.PERSON and event.name == Act.EMAILS:
            if event.properties.get(EMAILS_STOP):
                return ExitReason.STOPPED_BY_OWNER
        elif event.kind is Kind.MAIL:
            reason = _by_mail(event)
            if reason is not None:
                return reason
    return None


def ends_one(
    sequence: str,
    document: SequenceDocument | None,
    events: Sequence[Event],
    signals: Set[str],
    entered: str | None,
) -> Ends | None:
    """Return why an enrolment in one sequence ends, None where it goes on.

    document: the sequence, if it is there; signals: what the events mean; entered: the stage that
    the lead entered, as sequences name it.
    """
    for event in events:
        is_act = event.kind is Kind.PERSON and event.name == Act.SEQUENCE
        said = event.properties
        if is_act and said[SEQUENCE_NAME] == sequence and said[SEQUENCE_DO] == STOP_SEQUENCE:
            return ExitReason.STOPPED_BY_OWNER, None
    for goal in document.exit if document else ():
        is_signal = goal.signal is not None and goal.signal in signals
        is_form = goal.form is not None and goal.form in forms_in(events)
        is_stage = goal.stage is not None and goal.stage == entered
        if is_signal or is_form or is_stage:
            return ExitReason.GOAL, goal.name
    return None


def forms_in(events: Sequence[Event]) -> frozenset[str]:
    """Return the names of the forms that count among some events."""
    return frozenset(
        event.name
        for event in events
        if event.kind is Kind.FORM and not event.is_surplus and not event.screened
    )


def closed(
    enrolment: Enrolment,
    reason: ExitReason,
    now: datetime,
    *,
    message: OutboxMessage | None,
    goal: str | None = None,
) -> Enrolment:
    """Return an enrolment as it ends. message: the one on its way; it may have left by now."""
    became_of = became(message, now) if message is not None else None
    if isinstance(became_of, Left) and enrolment.step is not None:
        enrolment = past(enrolment, enrolment.step, left_at=became_of.at, go_to=None)
    return end_enrolment(enrolment, reason, now, goal)


def called_off(message: OutboxMessage, reason: ExitReason) -> OutboxMessage | None:
    """Return a planned email of an enrolment that ends, as it will not be sent; None: it is not
    planned any more. What a publish holds stays held: its release decides (ADR 0030).
    """
    if message.state is not MessageState.PLANNED:
        return None
    not_sent = REASONS_NOT_SENT.get(reason, NotSentReason.EXITED)
    is_personal = not_sent in OF_THE_PERSON
    state = MessageState.SUPPRESSED if is_personal else MessageState.CANCELLED
    return settled(message, state, reason=not_sent)


def _by_mail(event: Event) -> ExitReason | None:
    if event.name == MailEvent.BOUNCED:
        is_hard = event.properties.get(BOUNCE_KIND) == HARD
        return ExitReason.BOUNCED if is_hard else None
    return BY_MAIL.get(MailEvent(event.name))
