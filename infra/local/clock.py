"""The clock of a running stack: reads it, sets it, and lets it tick."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from itertools import count
from typing import Any

import boto3

from chalicelib.days import day_of, moments_of
from chalicelib.nurture.windows import WorkingHours, is_open
from chalicelib.settings import parse_offset
from infra.deploy import Cloud
from infra.local import stack as stacks
from infra.local.stack import Stack

A_DAY = timedelta(days=1)
A_MINUTE = timedelta(minutes=1)
TUESDAY = 1
STARTS_AT = 10 * 60
"""The minute of the day at which the walk begins."""
LASTS = 6
"""The days after which it ends, on a Monday."""


SCHEDULED: Mapping[str, Any] = {
    "version": "0",
    "id": "walk",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "000000000000",
    "time": "2026-11-22T10:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {},
}
"""What EventBridge sends to a scheduled function."""


class StackClock:
    """The clock of one stack. offset: by how much it is shifted; shift: shifts it anew."""

    def __init__(
        self, stack: Stack, offset: str = "", shift: Callable[[str], object] | None = None
    ) -> None:
        self._stack = stack
        self._offset = offset
        self._shift = shift or _bring_up_again

    def now(self) -> datetime:
        """Return the time on the stack's clock, in UTC."""
        return datetime.now(UTC) + parse_offset(self._offset)

    def set_to(self, moment: datetime) -> datetime:
        """Set the clock to a moment, or at most a minute later. Return what it shows."""
        self._offset = offset_to(moment, datetime.now(UTC))
        self._shift(self._offset)
        return self.now()

    def tick(self) -> None:
        """Let the function Clock run now, as its schedule does each minute."""
        cloud = Cloud(boto3.Session(region_name=self._stack.region), self._stack.aws_endpoint_url)
        found = cloud.cloudformation().describe_stack_resource(
            StackName=self._stack.stack_name, LogicalResourceId="Clock"
        )
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(SCHEDULED))
        assert "FunctionError" not in answer, answer["Payload"].read()


def _bring_up_again(offset: str) -> None:
    """Bring the stack up at another time. What a deploy says was said at the first."""
    with redirect_stdout(StringIO()):
        stacks.up(offset)


def offset_to(moment: datetime, now: datetime) -> str:
    """Return the offset in whole minutes by which a clock shows a moment, or just after it."""
    minutes = -((now - moment) // A_MINUTE)
    return f"{minutes:+}m" if minutes else ""


def walk_start(now: datetime, hours: WorkingHours) -> datetime:
    """Return when the walk begins: on the latest Tuesday from which it is over by now.

    No public holiday and no change of the clocks falls between, so that its emails leave on the
    Wednesday and the Monday, and its points fade alike, whenever it is run. It goes back: nothing
    counts of a browser whose clock is more than a day behind the stack's.
    """
    zone = hours.zone
    last_day = day_of(now, zone) - (LASTS + 1) * A_DAY
    tuesday = last_day - ((last_day.weekday() - TUESDAY) % 7) * A_DAY
    weeks = (tuesday - number * 7 * A_DAY for number in count())
    start = next(day for day in weeks if _is_plain(day, hours))
    return _morning(start, hours)


def _is_plain(first: date, hours: WorkingHours) -> bool:
    """Return whether the days of a walk are as any others."""
    week = [_morning(first + number * A_DAY, hours) for number in range(LASTS + 1)]
    every_day = replace(hours, weekdays=frozenset(range(7)))
    have_one_length = week[-1] - week[0] == LASTS * A_DAY
    return have_one_length and all(is_open(moment, every_day) for moment in week)


def _morning(day: date, hours: WorkingHours) -> datetime:
    return moments_of(day, STARTS_AT, hours.zone)[1]
