"""What of this room's work can be due."""

from chalicelib.clock.tasks import Task

#: A click whose hold is over: its verdict (ADR 0061).
CLICK_TASK = Task(name="click", family="CLICK#")
