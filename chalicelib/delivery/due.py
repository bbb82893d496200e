"""What of this room's work can be due."""

from chalicelib.clock.tasks import Task

#: A message that waits, that nobody took, or whose worker was lost (ADR 0003).
MESSAGE_TASK = Task(name="message", family="OUTBOX#")
