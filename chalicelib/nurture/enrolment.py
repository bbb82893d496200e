"""An enrolment: one lead's way through one sequence (ADR 0055). Pure.

    running --a step's email is planned--> on its way --it left, or will not--> running
       +--finished, left by a goal, stopped, or nothing more can be sent--> ended

Each arrow is a write on the version that was read, so whatever ends an enrolment and whatever
plans its next email cannot both happen.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.delivery.counts import Count
from chalicelib.delivery.message_keys import MessageKey, MessageKind


class ExitReason(StrEnum):
    """Why an enrolment ended. Each is counted, and named in the documentation."""

    FINISHED = "finished"  # no step is left
    GOAL = "goal"  # a goal of the sequence was reached
    WITH_SALES = "with_sales"  # sql, accepted or opportunity
    CUSTOMER = "customer"
    DISQUALIFIED = "disqualified"
    REPLIED = "replied"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    NO_CONSENT = "no_consent"
    NO_ADDRESS = "no_address"
    STOPPED_BY_OWNER = "stopped_by_owner"  # every email of the lead, or this sequence of it
    SUNSET = "sunset"
    INTERNAL = "internal"
    IMPORTED = "imported"
    MERGED = "merged"  # the lead turned out to be another one
    OUTRANKED = "outranked"  # a sequence of a higher priority fitted before the first email
    SWITCHED_OFF = "switched_off"  # the sequence was deleted, or is not active any more
    TAKEN_BACK = "taken_back"  # a publish held its first email, and nobody wants it any more
    ERASED = "erased"
    STALE = "stale"  # a publish held its first email for too long


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One lead's way through one sequence."""

    lead_id: str
    sequence: str
    cycle: int
    """The lead's cycle in which it entered."""
    entry: int = 1
    """The number of this entry in the cycle."""
    entered_at: datetime
    cause: str
    """What it entered by, for example `stage: mql`."""
    passed: tuple[str, ...] = ()
    """The steps that it has come to and that are behind it, in that order."""
    go_to: str | None = None
    """The step that a branch leads to, or `end`; None: the one that follows."""
    step: str | None = None
    """The step that it waits for, or whose email is on its way; None: not looked at yet."""
    on_way: str | None = None
    """The key of the message that was planned for the step, until that has left or will not."""
    left: str | None = None
    """The step whose email left last."""
    left_at: datetime | None = None
    """When it left."""
    sent: int = 0
    """How many emails have left."""
    repeats: int = 0
    """How many emails the repeated last step has planned."""
    due_at: datetime | None
    """When it is looked at again; None: it has ended."""
    ended: ExitReason | None = None
    goal: str | None = None
    """The goal that was reached."""
    ended_at: datetime | None = None
    trace: str | None = None
    """What the log lines of its cause and of all its emails have in common (ADR 0031)."""
    version: int = 1
    """Grows with each change: a write holds only on the version that was read."""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.ended is None

    @property
    def has_begun(self) -> bool:
        """Whether it has come to a step."""
        return bool(self.passed) or self.on_way is not None

    @property
    def waits_since(self) -> datetime:
        """From when the next wait counts: when the last email left, or when the lead entered."""
        return self.left_at or self.entered_at

    @property
    def waits_for(self) -> str | None:
        """The step that it waits for, without a message yet."""
        return self.step if self.on_way is None else None

    @property
    def key(self) -> str:
        """What tells it from the other enrolments of the lead."""
        return enrolment_key(self.cycle, self.sequence, self.entry)

    def message_key(self, step_id: str) -> MessageKey:
        """Return the key of the message of a step that it comes to."""
        parts = [self.sequence, step_id]
        if self.entry > 1 or self.repeats:
            parts.append(str(self.entry))
        if self.repeats:
            parts.append(str(self.repeats + 1))
        return MessageKey(MessageKind.NURTURE, self.cycle, tuple(parts))


def enrolment_key(cycle: int, sequence: str, entry: int = 1) -> str:
    """Return what tells an enrolment from the others of its lead."""
    return f"{cycle}#{sequence}" + (f"#{entry}" if entry > 1 else "")


def belongs_to(key: MessageKey) -> str:
    """Return the key of the enrolment that a message of a sequence belongs to."""
    sequence, _, *more = key.parts
    return enrolment_key(key.cycle, sequence, int(more[0]) if more else 1)


def waiting_for(enrolment: Enrolment, step_id: str, due_at: datetime) -> Enrolment:
    """Return it as it waits for a step."""
    return replace(
        enrolment, step=step_id, on_way=None, due_at=due_at, version=enrolment.version + 1
    )


def with_email_on_way(
    enrolment: Enrolment, step_id: str, key: MessageKey, due_at: datetime
) -> Enrolment:
    """Return it with the message of a step on its way. due_at: when to look what became of it."""
    return replace(
        enrolment, step=step_id, on_way=str(key), due_at=due_at, version=enrolment.version + 1
    )


def past(
    enrolment: Enrolment,
    step_id: str,
    *,
    left_at: datetime | None,
    go_to: str | None,
    is_repeated: bool = False,
) -> Enrolment:
    """Return it behind a step. left_at: when the step's email left; None: it did not.

    A step that is repeated stays ahead. The version is that of the write that it is part of.
    """
    passed = enrolment.passed if is_repeated else (*enrolment.passed, step_id)
    return replace(
        enrolment,
        passed=passed,
        go_to=step_id if is_repeated else go_to,
        step=None,
        on_way=None,
        left=step_id if left_at else enrolment.left,
        left_at=left_at or enrolment.left_at,
        sent=enrolment.sent + (left_at is not None),
        repeats=enrolment.repeats + is_repeated,
    )


def end_enrolment(
    enrolment: Enrolment, reason: ExitReason, now: datetime, goal: str | None = None
) -> Enrolment:
    """Return it when nothing more is sent."""
    return replace(
        enrolment,
        step=None,
        on_way=None,
        due_at=None,
        ended=reason,
        goal=goal,
        ended_at=now,
        version=enrolment.version + 1,
    )


def counts_of(before: Enrolment | None, after: Enrolment) -> list[Count]:
    """Return what a change of an enrolment counts for its sequence (ADR 0060)."""
    found = [] if before else [Count(after.sequence, "entered")]
    was = before.waits_for if before else None
    if was != after.waits_for:
        if was is not None:
            found.append(Count(after.sequence, f"waiting:{was}", -1))
        if after.waits_for is not None:
            found.append(Count(after.sequence, f"waiting:{after.waits_for}"))
    if after.ended is not None and (before is None or before.ended is None):
        found.append(Count(after.sequence, f"exited:{after.ended}"))
    return found
