"""What of this room's work can be due."""

from chalicelib.clock.tasks import QueueName, Task
from chalicelib.delivery.message_keys import SEPARATOR, MessageKind


def _queue_of(key: str) -> QueueName:
    is_nurture = key.startswith(MessageKind.NURTURE + SEPARATOR)
    return QueueName.NURTURE if is_nurture else QueueName.URGENT


#: A message that waits, that nobody took, or whose worker was lost (ADR 0003).
MESSAGE_TASK = Task(name="message", family="OUTBOX#", queue_of=_queue_of)
