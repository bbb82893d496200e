"""What hands due work over and does it, each part built when it is first needed (ADR 0035)."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from chalicelib.clock.clock import Clock
    from chalicelib.clock.dispatcher import Dispatcher
    from chalicelib.clock.tasks import Handler, Task
    from chalicelib.clock.worker import Worker
    from chalicelib.nurture.upkeep import SendingUpkeep
    from chalicelib.wiring.world import World


class DueWork(Stores):
    """The clock, the dispatcher and the worker of a world."""

    @cached_property
    def upkeep(self) -> "SendingUpkeep":
        """Keeps true how much marketing may send."""
        from chalicelib.nurture.upkeep import SendingUpkeep

        return SendingUpkeep(
            store=self.allowances,
            quota=lambda: self.ports.quota(),
            sending=self.sending,
            is_warm=lambda: self.company().sending.warm,
            # The clock of a local stack is shifted by days, and nothing is wrong. ADR 0057
            minds_outages=not self.ports.settings.is_dev,
            nurture_per_minute=self.ports.settings.nurture_per_minute,
            runtime=self.runtime,
        )

    @cached_property
    def clock(self) -> "Clock":
        """Hands over what is due."""
        from chalicelib.clock.clock import Clock
        from chalicelib.store.due import DueList

        return Clock(
            due=DueList(self.ports.table, self.due_tasks).places,
            dispatcher=self.dispatcher,
            nurture_per_minute=self.upkeep.keep,
            runtime=self.runtime,
        )

    @cached_property
    def dispatcher(self) -> "Dispatcher":
        """Hands due things to the queues."""
        from chalicelib.clock.dispatcher import Dispatcher

        return Dispatcher(
            hand_overs=self.hand_overs,
            send=lambda queue, texts: self.ports.queues.send(queue, texts),
            runtime=self.runtime,
        )

    @cached_property
    def worker(self) -> "Worker":
        """Does what was handed over."""
        from chalicelib.clock.worker import Worker

        return Worker(tasks=self.due_tasks, hand_overs=self.hand_overs, runtime=self.runtime)

    @cached_property
    def due_tasks(self) -> "dict[Task, Handler]":
        """What can be due, and what does it."""
        from chalicelib.wiring.due import handlers

        return handlers(cast("World", self))

    def hand_over_replay(self, lead_id: str) -> None:
        """Hand over a replay that was just requested, so that it need not wait for the clock."""
        from chalicelib.clock.tasks import Due
        from chalicelib.qualify.due import REPLAY_TASK
        from chalicelib.telemetry import log, where

        try:
            self.dispatcher.hand_over(Due(REPLAY_TASK, lead_id, ""))
        # The request is stored, and the clock comes within a minute: the event must not fail.
        except Exception as error:  # noqa: BLE001
            log("hand_over_failed", queue="leads", error=type(error).__name__, where=where(error))

    def work_messages(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the messages of a queue say. Return Lambda's partial batch response."""
        from chalicelib.store.queues import each_message

        return each_message(event, self.worker.work)
