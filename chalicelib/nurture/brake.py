"""The brake: when too many of marketing's emails bounce, or are reported as spam, they stop.

It looks at what has left since a person last released it. Pure, but for `Brake` (ADR 0057).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from chalicelib.limits import (
    BRAKE_BOUNCED_OF_LAST,
    BRAKE_BOUNCED_PERCENT,
    BRAKE_COMPLAINED,
    BRAKE_COMPLAINED_OF_LAST,
    BRAKE_DAYS,
    BRAKE_EMAILS,
    BRAKE_LAST_EMAILS,
    BRAKE_RATE_FROM_EMAILS,
)
from chalicelib.nurture.sending import EVERYTHING, PauseCause, Sending, SendingState
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log


class Harm(StrEnum):
    """What tells mail providers that we write to whom we should not."""

    BOUNCED = "bounced"  # for good
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class LeftEmail:
    """An email of marketing's that has left."""

    at: datetime
    sequence: str
    harm: Harm | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """That the brake must hold something, or is half way to it."""

    harm: Harm
    of: str | None
    """What to pause: a sequence, or EVERYTHING; None: it only warns."""
    number: int
    """How many did harm..."""
    emails: int
    """...of so many."""

    def __str__(self) -> str:
        what = "bounced for good" if self.harm is Harm.BOUNCED else "were reported as spam"
        return f"{self.number} of the last {self.emails} emails {what}"


def find(left: Sequence[LeftEmail], states: Mapping[str, SendingState]) -> Finding | None:
    """Return what the brake has to do; None when there is little harm.

    left: the last emails, the newest first. First the sequence is paused that did most of the harm.
    What it has sent says nothing about the others, so it is left out from then on, until it is
    released. When what is left does as much harm, everything is paused.
    """
    braked = {one for one, state in states.items() if state.cause is PauseCause.BRAKE}
    if EVERYTHING in braked:
        return None
    counted = [one for one in left if one.sequence not in braked and _is_counted(one, states)]
    harm = _reached(counted, part=1)
    if harm is not None:
        found = Counter(one.sequence for one in counted if one.harm is harm)
        most = min(found, key=lambda sequence: (-found[sequence], sequence))
        return _finding(counted, harm, of=EVERYTHING if braked else most)
    harm = _reached(counted, part=2)
    return _finding(counted, harm, of=None) if harm is not None else None


def _is_counted(email: LeftEmail, states: Mapping[str, SendingState]) -> bool:
    """Return whether an email has left since the brake was last released for it."""
    released = (states[one].released_at for one in (EVERYTHING, email.sequence) if one in states)
    return all(at is None or email.at > at for at in released)


def _reached(left: Sequence[LeftEmail], part: int) -> Harm | None:
    """Return the harm that has reached its limits, or a part of them: 1 the whole, 2 half."""
    for harm, most, most_of_last in (
        (Harm.COMPLAINED, BRAKE_COMPLAINED, BRAKE_COMPLAINED_OF_LAST),
        (Harm.BOUNCED, None, BRAKE_BOUNCED_OF_LAST),
    ):
        number = sum(one.harm is harm for one in left)
        of_last = sum(one.harm is harm for one in left[:BRAKE_LAST_EMAILS])
        if most is not None:
            is_reached = number * part >= most
        else:
            rate = number * 100 * part >= BRAKE_BOUNCED_PERCENT * len(left)
            is_reached = rate and len(left) >= BRAKE_RATE_FROM_EMAILS
        if is_reached or of_last * part >= most_of_last:
            return harm
    return None


def _finding(left: Sequence[LeftEmail], harm: Harm, of: str | None) -> Finding:
    return Finding(harm, of, sum(one.harm is harm for one in left), len(left))


class LeftEmails(Protocol):
    """Where it is kept which emails have left, and what became of each."""

    def newest(self, since: datetime, most: int) -> Sequence[LeftEmail]:
        """Return the last emails that have left since a time, the newest first."""


class Brake:
    """Looks, whenever an email has done harm, whether it is too much."""

    def __init__(self, *, left: LeftEmails, sending: Sending, runtime: Runtime) -> None:
        self._left = left
        self._sending = sending
        self._now = runtime.now

    def look(self) -> None:
        """Pause what does too much harm, and warn at half of that. Raise ConflictError."""
        since = self._now() - timedelta(days=BRAKE_DAYS)
        found = find(self._left.newest(since, BRAKE_EMAILS), self._sending.states())
        if found is None:
            return
        self._sending.warn()
        if found.of is None:
            log("brake_warned", harm=found.harm, number=found.number, emails=found.emails)
        else:
            self._sending.pause(found.of, PauseCause.BRAKE, reason=str(found))
