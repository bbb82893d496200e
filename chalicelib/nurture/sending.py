"""Pausing marketing's emails, one sequence or all of them, and resuming (ADR 0057).

A pause is strict: the claim of an email checks it in its own transaction. It leaves handoffs and
the answers to forms alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.errors import FieldError, InputError
from chalicelib.limits import PAUSES_KEPT
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log
from chalicelib.writing import until_written

EVERYTHING = "*"
"""What stands for all sequences. No document has such an id."""
BATON = "baton"
"""The author of a pause that no person made."""

Span = tuple[datetime, datetime]


class PauseCause(StrEnum):
    """What began a pause."""

    PERSON = "person"  # somebody paused it
    BRAKE = "brake"  # too many hard bounces or complaints
    OUTAGE = "outage"  # the clock stood still for long
    RESTORE = "restore"  # the table was restored from a backup


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingState:
    """Whether a sequence, or everything, is paused."""

    of: str
    """The sequence's id, or EVERYTHING."""
    cause: PauseCause | None = None
    """What began the pause that lasts; None: it is not paused."""
    reason: str = ""
    """Why it was last paused or resumed, in its author's words."""
    author: str = ""
    at: datetime | None = None
    """When it was last paused or resumed; None: never."""
    pauses: tuple[Span, ...] = ()
    """The last pauses that are over: from when until when."""
    released_at: datetime | None = None
    """When a person last released the brake: it counts what has left since."""
    warned_at: datetime | None = None
    """When the brake last came half way."""
    version: int = 0

    @property
    def is_paused(self) -> bool:
        """Whether nothing of it leaves now."""
        return self.cause is not None


class SendingStore(Protocol):
    """Where it is kept what is paused."""

    def states(self) -> Mapping[str, SendingState]:
        """Return what was ever paused, by sequence; EVERYTHING is always there."""

    def save(self, state: SendingState) -> None:
        """Replace a state. Raise ConflictError when another was first."""


class Sending:
    """Pauses and resumes. is_sequence: returns whether there is a sequence of an id."""

    def __init__(
        self, *, store: SendingStore, is_sequence: Callable[[str], bool], runtime: Runtime
    ) -> None:
        self._store = store
        self._is_sequence = is_sequence
        self.runtime = runtime

    def states(self) -> Mapping[str, SendingState]:
        """Return what was ever paused, by sequence; EVERYTHING is always there."""
        return self._store.states()

    @until_written
    def pause(
        self, of: str, cause: PauseCause, *, reason: str, author: str = BATON
    ) -> SendingState:
        """Pause a sequence, or EVERYTHING, for a reason. Return how it stands then.

        What is paused already stays so from when it was; only a brake takes over the pause of
        another cause, because it must be released. Raise InputError for an unknown sequence.
        """
        before = self._state(of, must_exist=cause is PauseCause.PERSON)
        is_first = not before.is_paused
        is_brake = cause is PauseCause.BRAKE
        if not is_first and not is_brake and cause is not PauseCause.PERSON:
            return before
        after = replace(
            before,
            cause=cause if is_first or is_brake else before.cause,
            reason=reason,
            author=author,
            at=self.runtime.now() if is_first else before.at,
            version=before.version + 1,
        )
        self._store.save(after)
        log("sending_paused", sequence=of, cause=cause)
        return after

    @until_written
    def resume(self, of: str, *, reason: str, author: str) -> SendingState:
        """Let a sequence, or EVERYTHING, send again. Return how it stands then.

        What is not paused stays as it is. Raise InputError for an unknown sequence, and when what
        no person paused is to resume without a reason.
        """
        before = self._state(of)
        if before.cause is None or before.at is None:
            return before
        if not reason and before.cause is not PauseCause.PERSON:
            words = f"is needed, because it is paused by {before.cause}: say why it is safe again"
            raise InputError(FieldError("reason", words))
        now = self.runtime.now()
        is_release = before.cause is PauseCause.BRAKE
        after = replace(
            before,
            cause=None,
            reason=reason,
            author=author,
            at=now,
            pauses=(*before.pauses, (before.at, now))[-PAUSES_KEPT:],
            released_at=now if is_release else before.released_at,
            version=before.version + 1,
        )
        self._store.save(after)
        log("sending_resumed", sequence=of)
        return after

    @until_written
    def warn(self) -> None:
        """Remember that the brake is half way, or further: a warm-up waits for a clean day."""
        before = self._state(EVERYTHING)
        after = replace(before, warned_at=self.runtime.now(), version=before.version + 1)
        self._store.save(after)

    def _state(self, of: str, *, must_exist: bool = True) -> SendingState:
        known = self._store.states().get(of)
        if known is None and must_exist and not self._is_sequence(of):
            raise InputError(FieldError("sequence", f"there is no sequence {of}"))
        return known or SendingState(of=of)


def paused(states: Mapping[str, SendingState], sequence: str) -> SendingState | None:
    """Return what keeps a sequence from sending; None when nothing does.

    A brake comes before a pause of another cause, and everything before one sequence.
    """
    found = [states[one] for one in (EVERYTHING, sequence) if one in states]
    lasting = [one for one in found if one.is_paused]
    return min(lasting, key=lambda one: one.cause is not PauseCause.BRAKE, default=None)
