"""Switches: what an operator turns off, and on again, without a deploy (ADR 0039).

This room says how each switch stands, and who turned it. It stops nothing itself: the rooms that
do the work ask before they begin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from chalicelib.limits import SWITCH_CACHE_SECONDS, SWITCH_WAIT_MAX_MINUTES
from chalicelib.runtime import Runtime
from chalicelib.writing import until_written

READ_EVERY = timedelta(seconds=SWITCH_CACHE_SECONDS)
SHORTEST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=SWITCH_WAIT_MAX_MINUTES)


class Switch(StrEnum):
    """What can be turned off."""

    RESCORING = "rescoring"  # counting events, reviews and replays: whatever moves leads by itself
    OUTBOUND = "outbound"  # everything that leaves
    NURTURE = "nurture"  # marketing emails
    ACKNOWLEDGEMENTS = "acknowledgements"  # emails that acknowledge a form or ask to confirm it
    TRACKING = "tracking"  # storing pings: they are answered and dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchState:
    """How a switch stands."""

    switch: Switch
    is_on: bool = True
    reason: str = ""
    """Why it was turned, in the operator's words."""
    author: str = ""
    at: datetime | None = None
    """When it was turned; None: never."""
    version: int = 0
    """How often it was turned, so that two operators cannot overwrite each other unnoticed."""


class SwitchStore(Protocol):
    """Where switches are kept."""

    def states(self) -> Mapping[Switch, SwitchState]:
        """Return how each switch stands now, also those that were never turned."""

    def save(self, states: Mapping[Switch, SwitchState]) -> None:
        """Replace these states, all or none. Raise ConflictError when another was first."""


class Switchboard:
    """Answers whether something is turned off, and turns it."""

    def __init__(self, *, store: SwitchStore, runtime: Runtime) -> None:
        self._store = store
        self.runtime = runtime
        self._read_at: datetime | None = None
        self._states: Mapping[Switch, SwitchState] = {}

    def off(self, *switches: Switch) -> SwitchState | None:
        """Return the first of the switches that is off, None when all are on.

        A container keeps what it has read for 30 s. So what it begins later than that after a
        switch was turned off respects it; what it began before goes on (ADR 0039).
        """
        now = self.runtime.now()
        # An age below zero is read again: a test, or a local run, may set the clock back.
        if self._read_at is None or not timedelta(0) <= now - self._read_at < READ_EVERY:
            self._states = self._store.states()
            self._read_at = now
        return next((self._states[one] for one in switches if not self._states[one].is_on), None)

    def states(self) -> Mapping[Switch, SwitchState]:
        """Return how each switch stands now."""
        return self._store.states()

    @until_written
    def turn(
        self, wanted: Mapping[Switch, bool], *, reasons: Mapping[Switch, str], author: str
    ) -> Mapping[Switch, SwitchState]:
        """Turn switches on or off. Return how every switch stands then.

        wanted: whether each is to be on; reasons: why, in the author's words.
        """
        before = self._store.states()
        now = self.runtime.now()
        turned = {
            switch: SwitchState(
                switch=switch,
                is_on=is_on,
                reason=reasons.get(switch, ""),
                author=author,
                at=now,
                version=before[switch].version + 1,
            )
            for switch, is_on in wanted.items()
        }
        if turned:
            self._store.save(turned)
        self._read_at = None
        return {**before, **turned}


def next_look(since: datetime | None, now: datetime) -> datetime:
    """Return when to look again at work that a switch, or a pause, keeps from being done.

    It waits for as long as that has lasted, from a minute to half an hour. So little is looked at
    in vain, and a short stop delays nothing for long. since: None when nobody knows.
    """
    elapsed = now - since if since is not None else LONGEST_WAIT
    return now + min(max(elapsed, SHORTEST_WAIT), LONGEST_WAIT)
