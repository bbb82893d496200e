"""Requests for a replay: when one is due, and when it is not worth a write (ADR 0007, ADR 0034)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.events import Event, Kind
from chalicelib.limits import REPLAY_EVERY_MINUTES, URGENT_REPLAYS_MAX_PER_HOUR
from chalicelib.scoring.model import REQUESTED, Model
from chalicelib.scoring.tally import signals_of

BUDGET_TIME = timedelta(hours=1)
REPLAY_EVERY = timedelta(minutes=REPLAY_EVERY_MINUTES)
URGENT_KINDS = frozenset({Kind.FORM, Kind.MAIL, Kind.SALES})
"""What replays a lead at once, within its budget: a person waits for what follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequests:
    """What was asked of the clock about a lead."""

    count: int = 0
    """How often a replay was ever requested. It only grows, which tells a later request from an
    earlier one."""
    taken: int = 0
    """The count when the latest replay began: what was captured by then is in it."""
    due_at: datetime | None = None
    """When the clock comes; None when nothing is requested."""
    then_at: datetime | None = None
    """When it comes again after the replay that is under way."""
    urgent_at: tuple[datetime, ...] = ()
    """When urgent ones were requested in the last hour."""
    cause: tuple[str, str] | None = None
    """Partition and id of the event that the coming replay is about."""
    is_asked: bool = False
    """Whether that event asks for a human."""

    @property
    def is_open(self) -> bool:
        """Whether there is a request that no replay has begun to work on."""
        return self.due_at is not None and self.count > self.taken

    @property
    def is_under_way(self) -> bool:
        """Whether a replay has begun and not ended. Others may have been requested since."""
        has_begun = self.taken > 0 and (self.count == self.taken or self.then_at is not None)
        return self.due_at is not None and has_begun

    @property
    def worked_on(self) -> int:
        """The count up to which the replay that is under way goes; all, when none is."""
        return self.taken if self.is_under_way else self.count

    def at(self, due_at: datetime) -> "ReplayRequests":
        """Return the requests with one more, at a time."""
        return replace(self, count=self.count + 1, due_at=due_at, then_at=None)

    def begun(self) -> "ReplayRequests":
        """Return the requests when a replay begins to work on all of them."""
        return replace(self, taken=self.count, then_at=None)

    def ended(self, taken: int) -> "ReplayRequests":
        """Return the requests when the replay that began with so many has ended."""
        if self.count == taken:
            return replace(self, due_at=None, then_at=None, cause=None, is_asked=False)
        return replace(self, due_at=self.then_at or self.due_at, then_at=None)


NOTHING_REQUESTED = ReplayRequests()


def requested_by(
    asked: ReplayRequests, events: Sequence[Event], replayed_at: datetime | None, now: datetime
) -> ReplayRequests | None:
    """Return the requests with what new events ask for; None when that is due already.

    replayed_at: when the lead was last replayed. Urgent events are due at once, four times an hour;
    everything else waits for its turn, fifteen minutes after the last replay.
    """
    urgent = [event for event in events if event.kind in URGENT_KINDS]
    recent = tuple(at for at in asked.urgent_at if at > now - BUDGET_TIME)
    at_once = bool(urgent) and len(recent) < URGENT_REPLAYS_MAX_PER_HOUR
    turn = max(now, replayed_at + REPLAY_EVERY) if replayed_at else now
    due_at = now if at_once else turn
    if asked.is_open and (asked.then_at or asked.due_at or due_at) <= due_at:
        return None
    after = replace(asked, count=asked.count + 1, urgent_at=recent)
    # A replay that is under way goes on when it is due; what is new waits for its end.
    goes_on_at, then_at = (asked.due_at, due_at) if asked.is_under_way else (due_at, None)
    after = replace(after, due_at=goes_on_at, then_at=then_at)
    return replace(after, urgent_at=(*recent, now)) if at_once else after


def about(asked: ReplayRequests, events: Sequence[Event], model: Model) -> ReplayRequests:
    """Return the requests with the event that their replay is about, which sales is shown first.

    The first that asks for a human, else the first that is urgent. What comes later does not take
    its place, so that a stranger cannot hide a request behind forms of their own (ADR 0038).
    """
    found = [(is_request(model, event), event) for event in events]
    weighty = [one for one in found if one[0] or one[1].kind in URGENT_KINDS]
    if not weighty:
        return asked
    is_asked, first = min(weighty, key=lambda one: (not one[0], one[1].captured_at, one[1].id))
    is_known = asked.is_asked and not asked.is_under_way
    if asked.cause is not None and (is_known or not is_asked):
        return asked
    return replace(asked, cause=(first.partition, first.id), is_asked=is_asked)


def is_request(model: Model, event: Event) -> bool:
    """Return whether an event asks for a human: a model's requested way into SQL rests on it."""
    asks = {way.signal for way in model.sql if way.kind == REQUESTED}
    return any(signal.id in asks for signal in signals_of(model, event))
