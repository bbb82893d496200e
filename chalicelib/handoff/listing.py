"""The handoffs that wait: held ones for whoever releases them, open ones for sales, late ones."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chalicelib.errors import FieldError, InputError
from chalicelib.events import rfc3339
from chalicelib.handoff.handoff import Handoff, HandoffState, WhyHeld

LATE = "late"
"""The state that is asked for of open and accepted handoffs whose time is over."""
HANDOFFS_LOOKED_AT = 500
"""Handoffs that one page looks at, listed or not."""
MAY_BE_LATE = (HandoffState.OPEN, HandoffState.ACCEPTED)
PLACE_OF_HANDOFF = re.compile(r"[0-9T:.-]{23}Z#[A-Z2-7]{26}#HANDOFF#[0-9]{1,9}")

Placed = tuple[str, Handoff]
"""A handoff with its place in the list."""


class HandoffIndex(Protocol):
    """Where handoffs stand by their state."""

    def in_state(self, state: HandoffState, before: str, most: int) -> list[Placed]:
        """Return the handoffs in a state, newest first, each with its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedHandoffs:
    """Which handoffs are asked for."""

    states: Sequence[HandoffState]
    is_late: bool = False
    owner: str | None = None
    owners: frozenset[str] | None = None
    """Whose handoffs the asker sees; None: everybody's."""
    why: WhyHeld | None = None

    def takes(self, handoff: Handoff) -> bool:
        """Return whether a handoff is among them."""
        if self.owner not in (None, handoff.owner, handoff.holder):
            return False
        if self.owners is not None and self.owners.isdisjoint((handoff.owner, handoff.holder)):
            return False
        if self.why not in (None, handoff.why_held):
            return False
        is_late = handoff.late_at is not None and handoff.contacted_at is None
        return is_late or not self.is_late


def parse_wanted(state: str, owner: str | None, owners: frozenset[str] | None) -> WantedHandoffs:
    """Return what a query means: a state, a person's id, and whose handoffs the asker sees.

    Raise InputError for a state that there is not.
    """
    if state == LATE:
        return WantedHandoffs(states=MAY_BE_LATE, is_late=True, owner=owner, owners=owners)
    if state not in set(HandoffState):
        words = f"must be one of {', '.join([*HandoffState, LATE])}"
        raise InputError(FieldError("state", words))
    return WantedHandoffs(states=[HandoffState(state)], owner=owner, owners=owners)


class HandoffList:
    """Lists handoffs."""

    def __init__(self, index: HandoffIndex) -> None:
        self._index = index

    def page(
        self, wanted: WantedHandoffs, before: str, limit: int
    ) -> tuple[list[Handoff], str | None]:
        """Return a page, newest first, and the place to go on from; None at the end.

        before: the place that the page before gave, or empty. A page looks at so many handoffs
        only: it may be short although there are more. Raise InputError for a place that no page
        gives.
        """
        if before and not PLACE_OF_HANDOFF.fullmatch(before):
            raise InputError(FieldError("cursor", "is not one that this list gave out"))
        looked_at, is_more = self._looked_at(wanted.states, before, HANDOFFS_LOOKED_AT)
        found = [one for one in looked_at if wanted.takes(one[1])]
        page = found[:limit]
        if len(found) > limit:
            return [one for _, one in page], page[-1][0]
        return [one for _, one in page], looked_at[-1][0] if is_more else None

    def count(self, wanted: WantedHandoffs, most: int) -> int:
        """Return how many there are; most: where counting stops, because more need not be told."""
        number = 0
        before = ""
        while number < most:
            found, is_more = self._looked_at(wanted.states, before, HANDOFFS_LOOKED_AT)
            number += sum(wanted.takes(one) for _, one in found)
            if not is_more:
                return number
            before = found[-1][0]
        return number

    def _looked_at(
        self, states: Sequence[HandoffState], before: str, most: int
    ) -> tuple[list[Placed], bool]:
        """Return the next handoffs in some states, newest first, and whether there are more."""
        found = [one for state in states for one in self._index.in_state(state, before, most + 1)]
        found.sort(key=lambda one: one[0], reverse=True)
        return found[:most], len(found) > most


def serialize_handoff(handoff: Handoff) -> Mapping[str, Any]:
    """Return a handoff as the API answers it."""
    return {
        "lead_id": handoff.lead_id,
        "cycle": handoff.cycle,
        "state": handoff.state.value,
        "kind": handoff.kind or None,
        "priority": handoff.priority.value,
        "owner": handoff.owner,
        "holder": handoff.holder,
        "why": handoff.why or None,
        "why_held": handoff.why_held.value if handoff.why_held else None,
        "created_at": rfc3339(handoff.created_at),
        "opened_at": _time(handoff.opened_at),
        "accepted_at": _time(handoff.accepted_at),
        "contacted_at": _time(handoff.contacted_at),
        "tries": handoff.tries,
        "late_at": _time(handoff.late_at),
        "closed_at": _time(handoff.closed_at),
    }


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
