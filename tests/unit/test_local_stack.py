"""What `make run` decides by itself, and who may read what it writes."""

import stat
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from infra.local.stack import TIME_ZONE, offset_into_hours
from infra.paths import make_private, write_private


@pytest.mark.parametrize(
    ("now", "offset"),
    [
        ("2026-11-20T08:30", ""),  # a Friday
        ("2026-11-20T17:19", ""),
        ("2026-11-20T17:20", "-1h"),
        ("2026-11-21T23:59", "-31h"),  # to Friday, 16:59
        ("2026-11-20T07:00", "-14h"),  # to Thursday, 17:00
        ("2026-12-27T23:00", "-78h"),  # over Christmas, to Thursday
    ],
)
def test_a_walk_is_put_into_working_hours(now: str, offset: str) -> None:
    there = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(TIME_ZONE))
    assert offset_into_hours(there) == offset


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
