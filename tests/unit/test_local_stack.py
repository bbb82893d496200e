"""What `make run` decides by itself."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from infra.local.stack import TIME_ZONE, offset_over_midnight


@pytest.mark.parametrize(
    ("hour", "minute", "offset"),
    [(23, 49, ""), (23, 50, "-15m"), (23, 59, "-15m"), (0, 0, ""), (12, 55, "")],
)
def test_a_walk_that_would_end_tomorrow_starts_a_quarter_of_an_hour_ago(
    hour: int, minute: int, offset: str
) -> None:
    now = datetime(2026, 11, 21, hour, minute, tzinfo=ZoneInfo(TIME_ZONE))
    assert offset_over_midnight(now) == offset
