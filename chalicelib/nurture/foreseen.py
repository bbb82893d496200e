"""What a lead would get of a sequence: how a preview says it (ADR 0065)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.delivery.messages import Email
from chalicelib.delivery.outbox import REPORTED, OutboxMessage
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.nurture.conditions import FieldTest, StepCondition, texts
from chalicelib.nurture.enrolment import Enrolment, ExitReason
from chalicelib.nurture.sequences import Goal, SequenceDocument, Step, WayIn

NEVER_ENTERED = "does_not_fit"


class Belonging(StrEnum):
    """How a lead stands to a sequence."""

    RUNNING = "running"  # it is in it
    WOULD_ENTER = "would_enter"  # it fits as it is now
    ENDED = "ended"  # it was in it, in this cycle
    NOT_IN = "not_in"  # it may not enter, or does not fit


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldUp:
    """That something kept an email from leaving."""

    reason: NotSentReason
    since: datetime
    until: datetime
    """When it is looked at again."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed of a step's condition: that it stays as it is."""

    condition: str
    """In words."""
    holds: bool
    follows: str
    """What comes of it, in words."""


@dataclass(slots=True, kw_only=True)
class ForeseenEmail:
    """An email of a step, as it would leave, or not."""

    step: str
    message: OutboxMessage
    """As it is then."""
    decided_at: datetime
    """When it would leave, or when it is clear that it does not."""
    assumed: Assumed | None = None
    held: list[HeldUp] = field(default_factory=list)
    sent: Email | None = None

    @property
    def leaves(self) -> bool:
        """Whether it would leave."""
        return self.message.state in REPORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Whether a lead is in a sequence, or would enter it."""

    state: Belonging
    enrolment: Enrolment | None = None
    """The one that runs, or ran last."""
    reason: str | None = None
    text: str | None = None
    """Why it is not in it, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a lead would get of a sequence, and when."""

    entry: Membership
    emails: list[ForeseenEmail]
    end: Enrolment | None
    """As it would end; None: that is not known, or nothing begins."""
    paused: Mapping[str, Any] | None
    """What is paused now; the emails are as if it went on now."""


def assumed(
    step: Step, sequence: SequenceDocument, message: OutboxMessage, *, holds: bool
) -> Assumed:
    """Return what is assumed of the condition of a step that a message was planned for."""
    assert step.if_ is not None, "a step with a condition"
    if message.reason is NotSentReason.CONDITION_NOT_MET:
        goes_on = step.else_ if step.else_ and sequence.step(step.else_) and not holds else None
        follows = f"it goes on with the step {goes_on}" if goes_on else "the step is skipped"
    else:
        follows = f"the email {message.email} is sent"
    return Assumed(said(step.if_), holds, follows)


def said(condition: StepCondition) -> str:
    """Return a condition in words."""
    every = [*_deeds(condition), *_facts(condition), *_parts(condition)]
    return " and ".join(every)


def stops(sequence: SequenceDocument) -> Iterator[tuple[str, str]]:
    """Yield what would end a lead's way through a sequence: the exit's reason, and words."""
    for goal in sequence.exit:
        yield ExitReason.GOAL, _goal(goal)
    yield from ((reason.value, words) for reason, words in ENDS_ANY.items())


ENDS_ANY: Mapping[ExitReason, str] = {
    ExitReason.WITH_SALES: "the lead becomes an SQL, or sales accepts it",
    ExitReason.CUSTOMER: "the lead becomes a customer",
    ExitReason.DISQUALIFIED: "the lead is disqualified",
    ExitReason.REPLIED: "the person answers one of the emails",
    ExitReason.UNSUBSCRIBED: "the person unsubscribes",
    ExitReason.BOUNCED: "an email bounces for good",
    ExitReason.COMPLAINED: "the person reports an email as spam",
    ExitReason.STOPPED_BY_OWNER: "one of our people stops the emails, or this sequence",
    ExitReason.SUNSET: "the person does nothing for half a year and does not answer the question",
    ExitReason.SWITCHED_OFF: "the sequence is switched off or deleted",
}
"""What ends every sequence."""


def say_way_in(way: WayIn) -> str:
    """Return a way into a sequence, in words."""
    parts = []
    if way.signal is not None:
        parts.append(f"the signal {way.signal}")
    if way.form is not None:
        parts.append(f"the form {_either(way.form)}")
    if way.stages:
        parts.append(f"the stage {_either([one.value for one in way.stages])}")
    if way.topic is not None:
        parts.append(f"the topic {_either(way.topic)}")
    if way.reasons is not None:
        parts.append(f"the reason {_either(way.reasons)}")
    if way.talked is not None:
        parts.append("a talk with sales" if way.talked else "no talk with sales")
    return " with ".join([parts[0], " and ".join(parts[1:])] if parts[1:] else parts)


def _goal(goal: Goal) -> str:
    if goal.signal is not None:
        return f"the signal {goal.signal} is seen"
    if goal.form is not None:
        return f"the form {goal.form} is sent"
    return f"the lead enters the stage {goal.stage}"


def _deeds(condition: StepCondition) -> Iterator[str]:
    if condition.clicked is not None:
        yield f"clicked: {condition.clicked}"
    if condition.signal is not None:
        days = condition.within_days
        yield f"signal: {condition.signal}" + ("" if days is None else f" within {days} days")
    if condition.topic is not None:
        yield f"topic: {_either(condition.topic)}"


def _facts(condition: StepCondition) -> Iterator[str]:
    for name, test in (condition.field or {}).items():
        yield f"{name} {_test(test)}"
    if isinstance(condition.score, dict):
        yield from (f"{name} of {least:g} or more" for name, least in condition.score.items())
    elif condition.score is not None:
        yield f"score of {condition.score:g} or more"
    if condition.band is not None:
        yield f"band: {_either(condition.band)}"


def _parts(condition: StepCondition) -> Iterator[str]:
    if condition.not_ is not None:
        yield f"not ({said(condition.not_)})"
    if condition.all_ is not None:
        yield " and ".join(f"({said(one)})" for one in condition.all_)
    if condition.any_ is not None:
        yield "(" + " or ".join(f"({said(one)})" for one in condition.any_) + ")"


def _test(test: FieldTest) -> str:
    ((operator, value),) = test.model_dump(exclude_unset=True).items()
    if operator in ("present", "absent"):
        return f"is {operator}"
    words = ", ".join(map(str, value)) if isinstance(value, list) else value
    return f"{operator.replace('_', ' ')} {words}"


def _either(names: list[str] | str) -> str:
    return " or ".join(texts(names))
