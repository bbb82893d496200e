"""The clock: each minute, hand over what is due. It does none of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice

from chalicelib.clock.dispatcher import Dispatcher
from chalicelib.clock.hand_over import HandOver
from chalicelib.clock.tasks import Due, QueueName
from chalicelib.limits import (
    DUE_MAX_ITEMS,
    DUE_MAX_PER_LEAD,
    DUE_PAGE_ITEMS,
    TICK_SECONDS,
)
from chalicelib.runtime import Runtime
from chalicelib.telemetry import log

TICK_TIME = timedelta(seconds=TICK_SECONDS)


class Clock:
    """Finds what is due, and hands it to the queues. What is left is due in the next minute.

    due: finds what is due by a time, in each of the places where it may stand; nurture_per_minute:
    returns how many of marketing's emails this tick hands over. It is asked once, first of all.
    """

    def __init__(
        self,
        *,
        due: Callable[[datetime], Iterable[Iterator[Due]]],
        dispatcher: Dispatcher,
        nurture_per_minute: Callable[[], int],
        runtime: Runtime,
    ) -> None:
        self._due = due
        self._dispatcher = dispatcher
        self._nurture_per_minute = nurture_per_minute
        self._now = runtime.now

    def tick(self) -> int:
        """Hand over what is due by now, for most of a minute, and return how much that was.

        Raise RuntimeError when a queue did not take what it was given, after the others.
        """
        began = self._now()
        budget = Counter({QueueName.NURTURE: self._nurture_per_minute()})
        handed = 0
        lost = 0
        for place in self._due(began):
            share = Share(budget)
            first = next(place, None)
            # Marketing's emails have places of their own. Once they are over the rate, no more of a
            # backlog is read than one of each place.
            if first is None or not share.has_budget(first):
                continue
            items = chain((first,), place)
            while page := list(islice(items, DUE_PAGE_ITEMS)):
                if self._now() > began + TICK_TIME or share.is_used_up:
                    break
                if not any(map(share.has_budget, page)):
                    break
                free = self._dispatcher.free(list(filter(share.allows, page)))
                sent, not_taken = self._dispatcher.send(share.of(free))
                handed += sent
                lost += not_taken
        log("tick", handed=handed, lost=lost)
        if lost:
            raise RuntimeError(f"queues did not take {lost} of {handed + lost} due things")
        return handed


class Share:
    """What one place may have of a tick: so much in all, and so much of each lead, so that the many
    due things of one lead never crowd out the others.

    budget: what is left, over all places, of the queues that have one.
    """

    def __init__(self, budget: Counter[QueueName]) -> None:
        self._budget = budget
        self._left = DUE_MAX_ITEMS
        self._of_lead = Counter[str]()

    @property
    def is_used_up(self) -> bool:
        """Whether no more can be taken."""
        return self._left == 0

    def has_budget(self, due: Due) -> bool:
        """Return whether its queue may have more in this tick."""
        return due.queue not in self._budget or self._budget[due.queue] > 0

    def allows(self, due: Due) -> bool:
        """Return whether one more such thing may go."""
        is_crowd = due.lead_id != "" and self._of_lead[due.lead_id] >= DUE_MAX_PER_LEAD
        return self.has_budget(due) and not is_crowd and self._left > 0

    def of(self, free: Sequence[HandOver]) -> list[HandOver]:
        """Return those of a page that may go now, and count them."""
        return [one for one in free if self.allows(one.due) and self._counted(one.due)]

    def _counted(self, due: Due) -> bool:
        self._left -= 1
        self._of_lead[due.lead_id] += 1
        if due.queue in self._budget:
            self._budget[due.queue] -= 1
        return True
