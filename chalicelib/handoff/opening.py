"""How a held handoff is opened: by a person who releases it, or by a request (ADR 0071)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.handoff.handoff import Handoff, HandoffState, Priority
from chalicelib.handoff.sla import first_look


def opened(
    held: Handoff, now: datetime, *, kind: str | None = None, priority: Priority | None = None
) -> Handoff:
    """Return a held handoff that sales is notified of now. Its clock runs from here.

    kind, priority: what a request makes of it; None: as they are.
    """
    return replace(
        held,
        state=HandoffState.OPEN,
        kind=kind or held.kind,
        priority=priority or held.priority,
        opened_at=now,
        due_at=first_look(priority or held.priority, now),
        version=held.version + 1,
    )
