"""The way of a due thing to its worker, kept on an item beside it (ADR 0035).

    handed over -> begun -> ended    it was done, or is not due any more
         |          |  +--> failed   it raised an error: it is handed over again in a minute
         +- lease --+ lease          its message or its worker was lost: it is handed over again
                    +--> quarantined when it has cost several workers in a row

Each arrow is a conditional write on the item as it was read, made before what it stands for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.clock.tasks import Due
from chalicelib.errors import ConflictError
from chalicelib.limits import HANDOVER_MINUTES, LEASE_SECONDS
from chalicelib.runtime import Runtime
from chalicelib.writing import persist

IN_QUEUE = timedelta(minutes=HANDOVER_MINUTES)
AT_WORK = timedelta(seconds=LEASE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """What is known of a due thing's way to its worker."""

    due: Due
    leased_until: datetime | None = None
    """Until when it is in somebody's hands; None: in nobody's."""
    starts: int = 0
    """How often a worker began with it. A message names the number it was sent at: a later one,
    or a second worker with the same, finds that its turn is over."""
    tries: int = 0
    """How many of these, since one came to an end, ended without a word: their worker was lost."""
    quarantined_at: datetime | None = None
    """Since when it has to wait for a person."""
    is_stored: bool = False
    """Whether there is an item of it."""

    def is_free(self, now: datetime) -> bool:
        """Return whether it is in nobody's hands, and waits for no person."""
        is_leased = self.leased_until is not None and self.leased_until > now
        return not is_leased and self.quarantined_at is None


def handed_over(one: HandOver, now: datetime) -> HandOver:
    """Return it on its way through a queue. What is not begun by the end of the lease goes again:
    the first of its messages to arrive is the one that counts.
    """
    return replace(one, leased_until=now + IN_QUEUE, is_stored=True)


def given_back(one: HandOver) -> HandOver:
    """Return it when its queue did not take it."""
    return replace(one, leased_until=None)


def begun(one: HandOver, now: datetime) -> HandOver:
    """Return it in the hands of a worker, which counts as lost until it says something else."""
    leased_until = now + AT_WORK
    return replace(
        one,
        leased_until=leased_until,
        starts=one.starts + 1,
        tries=one.tries + 1,
        is_stored=True,
    )


def ended(one: HandOver) -> HandOver:
    """Return it when nothing is left to do."""
    return replace(one, leased_until=None, tries=0)


def failed(one: HandOver) -> HandOver:
    """Return it after an error that its worker survived: an outage is not the task's fault."""
    return replace(one, leased_until=None, tries=one.tries - 1)


def quarantined(one: HandOver, now: datetime) -> HandOver:
    """Return it put aside: it has cost as many workers in a row as its task allows."""
    return replace(one, leased_until=None, quarantined_at=now)


class HandOverStore(Protocol):
    """Where hand-overs are kept, and what they are about."""

    def read(self, dues: Sequence[Due], now: datetime) -> list[HandOver]:
        """Return what is known of each, in the same order."""

    def save(self, before: HandOver, after: HandOver, now: datetime) -> None:
        """Replace one, if it is still as before. Raise ConflictError."""

    def is_due(self, due: Due, now: datetime) -> bool:
        """Return whether a thing is due now, read consistently."""


def saved(store: HandOverStore, before: HandOver, after: HandOver, runtime: Runtime) -> bool:
    """Write the next state of a hand-over, again while its item is only busy. Return False when
    somebody else was first. Raise ConflictError when it stays busy.
    """

    def save() -> bool:
        try:
            store.save(before, after, runtime.now())
        except ConflictError as conflict:
            if not conflict.failed:
                raise
            return False
        return True

    return persist(save, runtime.pause)
