"""What of this room's work can be due."""

from chalicelib.clock.tasks import QueueName, Task


def _queue_of(_key: str) -> QueueName:
    return QueueName.NURTURE


#: The next step of an enrolment (ADR 0055). It waits for the rate of marketing's emails as they do.
ENROLMENT_TASK = Task(name="enrolment", family="ENROL#", queue_of=_queue_of)
