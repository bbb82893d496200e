"""What of this room's work can be due."""

from chalicelib.clock.tasks import Task

#: A lead's stage as of today, on the day on which time alone would move it.
REVIEW_TASK = Task(name="review", family="STANDING")
#: A lead derived again from all its events, which somebody requested (ADR 0007).
REPLAY_TASK = Task(name="replay", family="REPLAY")
