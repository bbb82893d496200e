"""What `make run` decides by itself, and who may read what it writes."""

import stat
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from infra.local.stack import TIME_ZONE, offset_over_midnight
from infra.paths import make_private, write_private


@pytest.mark.parametrize(
    ("hour", "minute", "offset"),
    [(23, 49, ""), (23, 50, "-15m"), (23, 59, "-15m"), (0, 0, ""), (12, 55, "")],
)
def test_a_walk_near_midnight_starts_fifteen_minutes_ago(
    hour: int, minute: int, offset: str
) -> None:
    now = datetime(2026, 11, 21, hour, minute, tzinfo=ZoneInfo(TIME_ZONE))
    assert offset_over_midnight(now) == offset


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mode", [None, 0o755, 0o777, 0o700])
def test_only_its_owner_enters_the_local_folder(tmp_path: Path, mode: int | None) -> None:
    """Also one that an earlier version, or somebody's umask, has made for all to read."""
    folder = tmp_path / ".local"
    if mode is not None:
        folder.mkdir()
        folder.chmod(mode)
    make_private(folder)
    assert mode_of(folder) == 0o700


def test_what_is_private_is_written_where_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / ".local" / "stack.json"
    write_private(file, "{}")
    assert (mode_of(file.parent), mode_of(file)) == (0o700, 0o600)
