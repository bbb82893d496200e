"""The table of due tasks: each task that a room declares, and what does it (ADR 0024)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.clicks.due import CLICK_TASK
from chalicelib.clock.tasks import Due, Handler, QueueName, Task
from chalicelib.delivery.due import MESSAGE_TASK
from chalicelib.delivery.message_keys import parse_key
from chalicelib.handoff.due import HANDOFF_TASK
from chalicelib.limits import JOB_TRIES, REPLAY_SLICE_SECONDS
from chalicelib.nurture.due import ENROLMENT_TASK
from chalicelib.qualify.due import REPLAY_TASK, REVIEW_TASK
from chalicelib.store.keys import DUE_JOBS
from chalicelib.wiring.rescoring import rescorer

if TYPE_CHECKING:
    from chalicelib.wiring.world import World

REPLAY_SLICE = timedelta(seconds=REPLAY_SLICE_SECONDS)

#: A step of a job. Declared here, because jobs and clock do not know each other.
#: It counts its own tries, and ends as failed: only what is lost before it can count waits for a
#: person.
JOB_TASK = Task(
    name="job",
    family=DUE_JOBS,
    takes_minutes=True,
    queue_of=lambda _key: QueueName.JOBS,
    tries=JOB_TRIES + 2,
)


def _review(world: "World", due: Due, _until: datetime) -> None:
    rescorer(world).review(due.lead_id)


def _replay(world: "World", due: Due, until: datetime) -> None:
    # A long one goes on in the next minute: no lead keeps the others waiting. ADR 0034
    rescorer(world).replay(due.lead_id, min(until, world.ports.now() + REPLAY_SLICE))


def _deliver(world: "World", due: Due, _until: datetime) -> None:
    world.deliver.message(due.lead_id, parse_key(due.key))


def _go_on(world: "World", due: Due, _until: datetime) -> None:
    world.course.work(due.lead_id, due.key)


def _work_on_job(world: "World", due: Due, until: datetime) -> None:
    world.job_runner.run(due.key, until)


def _look_after_handoff(world: "World", due: Due, _until: datetime) -> None:
    world.sla_clock.look(due.lead_id, int(due.key))


def _judge_clicks(world: "World", due: Due, _until: datetime) -> None:
    from chalicelib.clicks.clicks import message_key_in

    world.verdicts.judge(due.lead_id, message_key_in(due.key))


DUE_TASKS: Mapping[Task, Callable[["World", Due, datetime], None]] = {
    REVIEW_TASK: _review,
    REPLAY_TASK: _replay,
    MESSAGE_TASK: _deliver,
    CLICK_TASK: _judge_clicks,
    ENROLMENT_TASK: _go_on,
    HANDOFF_TASK: _look_after_handoff,
    JOB_TASK: _work_on_job,
}


def handlers(world: "World") -> dict[Task, Handler]:
    """Return the table of due tasks for the use cases of a world."""
    return {task: partial(do, world) for task, do in DUE_TASKS.items()}
