"""What of this room's work can be due."""

from chalicelib.clock.tasks import Task
from chalicelib.handoff.handoff_records import HANDOFF_PREFIX

#: The next step of a handoff's clock (ADR 0070).
HANDOFF_TASK = Task(name="handoff", family=HANDOFF_PREFIX)
