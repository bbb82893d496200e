"""What an enrolment does next. Pure: a worker carries it out, and a preview shows it (ADR 0055)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.delivery.outbox import OPEN, REPORTED, MessageState, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.nurture.conditions import KnownOfLead, holds
from chalicelib.nurture.enrolment import Enrolment, ExitReason, belongs_to
from chalicelib.nurture.sequences import END_STEP, SequenceDocument, Step
from chalicelib.nurture.waits import is_before_date, is_dated

EMAIL_LOOK = timedelta(minutes=5)
"""After a message was planned: by then most have left."""
HELD_LOOK = timedelta(days=1)
"""How often to look whether a person has released what a publish holds."""
HELD_MAX = timedelta(days=30)
"""As long as a publish is known: later nobody can release what it holds."""

ENDS_BY = {
    NotSentReason.UNSUBSCRIBED: ExitReason.UNSUBSCRIBED,
    NotSentReason.BOUNCED: ExitReason.BOUNCED,
    NotSentReason.COMPLAINED: ExitReason.COMPLAINED,
    NotSentReason.NO_CONSENT: ExitReason.NO_CONSENT,
    NotSentReason.SUPPRESSED: ExitReason.NO_CONSENT,
    NotSentReason.NO_ADDRESS: ExitReason.NO_ADDRESS,
    NotSentReason.WITH_SALES: ExitReason.WITH_SALES,
    NotSentReason.STOPPED_BY_OWNER: ExitReason.STOPPED_BY_OWNER,
    NotSentReason.SUNSET: ExitReason.SUNSET,
    NotSentReason.INTERNAL: ExitReason.INTERNAL,
    NotSentReason.IMPORTED: ExitReason.IMPORTED,
    NotSentReason.TAKEN_BACK: ExitReason.TAKEN_BACK,
}
"""Why an email did not leave -> why nothing more is sent: it is about the person. What is about the
email alone, such as `stale`, lets the next step go on."""
MAY_HAVE_LEFT = frozenset({NotSentReason.UNCLEAR, NotSentReason.NO_EVIDENCE})


@dataclass(frozen=True, slots=True)
class PlannedEmail:
    """An email of a sequence that was planned for the lead."""

    enrolment: str
    """The key of the enrolment that planned it."""
    email: str
    left_at: datetime | None
    """When it left; None: it did not, or not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a decision about an enrolment looks at."""

    now: datetime
    known: Callable[[], KnownOfLead]
    """What conditions are held against; asked only where there is a condition."""
    sent: Sequence[PlannedEmail]
    """What sequences have planned for this lead."""
    over_at: Callable[[str, datetime], datetime]
    """A wait and since when -> when it is over: in an open window, pauses left out."""
    date: datetime | None = None
    """When that takes place which the lead signed up for; None: nobody knows."""


@dataclass(frozen=True, slots=True)
class Finish:
    """No step is left."""


@dataclass(frozen=True, slots=True)
class WaitFor:
    """The next step's wait is not over."""

    step: str
    until: datetime


@dataclass(frozen=True, slots=True)
class SendStep:
    """The next step's email goes out now."""

    step: str
    email: str
    go_to: str | None = None
    """Where it goes on afterwards."""
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class SkipStep:
    """The next step's email does not go out."""

    step: str
    email: str
    reason: NotSentReason
    go_to: str | None = None


Move = Finish | WaitFor | SendStep | SkipStep


@dataclass(frozen=True, slots=True)
class OnWay:
    """A planned message has neither left nor ended."""

    look_at: datetime


@dataclass(frozen=True, slots=True)
class Left:
    """A planned message has left."""

    at: datetime


@dataclass(frozen=True, slots=True)
class NotSent:
    """A planned message will not leave. ends: why nothing more is sent, if so."""

    ends: ExitReason | None


def next_move(sequence: SequenceDocument, enrolment: Enrolment, at: Circumstances) -> Move:
    """Return what an enrolment without a message on its way does next."""
    step = next_step(sequence, enrolment)
    if step is None or (sequence.at_most and enrolment.sent >= sequence.at_most):
        return Finish()
    email = _next_email(sequence, step, enrolment, at)
    if email is None:
        return Finish()
    wait = step.every or step.wait if enrolment.repeats else step.wait
    missed = _misses(wait, enrolment, at)
    if missed is not None:
        return SkipStep(step.id, email, missed, step.next)
    since = at.date if is_dated(wait) and at.date else enrolment.waits_since
    until = at.over_at(wait, since)
    if until > at.now:
        return WaitFor(step.id, until)
    if step.if_ is not None and not holds(step.if_, at.known()):
        if step.else_ is None or sequence.step(step.else_):
            go_to = step.else_ or step.next
            return SkipStep(step.id, email, NotSentReason.CONDITION_NOT_MET, go_to)
        email = step.else_
    is_repeated = repeats(step, email)
    if not is_repeated and _has_come(email, sequence, at):
        # The lead has it already: from an earlier entry, or from another sequence.
        return SkipStep(step.id, email, NotSentReason.CONDITION_NOT_MET, step.next)
    return SendStep(step.id, email, step.next, is_repeated=is_repeated)


def _misses(wait: str, enrolment: Enrolment, at: Circumstances) -> NotSentReason | None:
    """Return why an email that goes by a date comes too late, or never; None: it does not."""
    if not is_dated(wait):
        return None
    if at.date is None:
        return NotSentReason.CONDITION_NOT_MET
    if not is_before_date(wait):
        return None
    # Whoever signs up in the last hour needs no reminder that it is tomorrow.
    is_late = at.now >= at.date or at.over_at(wait, at.date) < enrolment.entered_at
    return NotSentReason.STALE if is_late else None


def next_step(sequence: SequenceDocument, enrolment: Enrolment) -> Step | None:
    """Return the step that an enrolment comes to next in a sequence as it is now; None: none.

    That to which a branch leads; otherwise the first one that it has not passed, behind the last
    one that it has. So a removed step is skipped, and an inserted one reaches those who have not
    passed its place.
    """
    if enrolment.go_to == END_STEP:
        return None
    passed = enrolment.passed
    branch = sequence.step(enrolment.go_to) if enrolment.go_to else None
    if branch is not None and branch.id not in passed:
        return branch
    ids = sequence.step_ids
    places = [ids.index(one) for one in passed if one in ids]
    ahead = sequence.steps[places[-1] + 1 if places else 0 :]
    return next((step for step in ahead if step.id not in passed), None)


def repeats(step: Step | None, email: str | None) -> bool:
    """Return whether an email is one of a list that its step goes through. What is sent instead of
    one is not: the list would never end.
    """
    return step is not None and step.emails is not None and email in step.emails


def became(message: OutboxMessage | None, now: datetime) -> OnWay | Left | NotSent:
    """Return what has become of a step's message. None: it is not kept any more."""
    if message is None:
        return NotSent(None)
    if message.state is MessageState.HELD:
        if now - message.created_at >= HELD_MAX:
            return NotSent(ExitReason.STALE)
        return OnWay(now + HELD_LOOK)
    if message.state in OPEN:
        return OnWay(max(message.due_at or now, now + EMAIL_LOOK))
    if message.state in REPORTED or message.reason in MAY_HAVE_LEFT:
        return Left(message.claimed_at or message.created_at)
    return NotSent(ENDS_BY.get(message.reason) if message.reason else None)


def _next_email(
    sequence: SequenceDocument, step: Step, enrolment: Enrolment, at: Circumstances
) -> str | None:
    """Return the email that a step is about to send; None: its list has come to an end."""
    if step.emails is None:
        return step.email
    # One that was planned and did not leave is not tried again: the list must come to an end.
    planned = {one.email for one in at.sent if one.enrolment == enrolment.key}
    left = (one for one in step.emails if one not in planned and not _has_come(one, sequence, at))
    return next(left, None)


def _has_come(email: str, sequence: SequenceDocument, at: Circumstances) -> bool:
    """Return whether an email has left for this lead within the sequence's `reenter_after`."""
    return any(
        one.email == email
        and one.left_at is not None
        and at.now - one.left_at < sequence.may_reenter_after
        for one in at.sent
    )


def sent_by(messages: Sequence[OutboxMessage]) -> list[PlannedEmail]:
    """Return what some messages of sequences say of the emails that were planned for a lead."""
    return [
        PlannedEmail(belongs_to(one.key), one.email, _left_at(one))
        for one in messages
        if one.email is not None and one.kind.is_marketing
    ]


def _left_at(message: OutboxMessage) -> datetime | None:
    found = became(message, message.created_at)
    return found.at if isinstance(found, Left) else None
