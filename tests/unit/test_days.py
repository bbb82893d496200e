"""Days of a time zone, and that nothing else makes a day of a moment."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.days import day_of, end_of, name_of, ordinal_of, start_of, zone_of
from infra.paths import ROOT

HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Los_Angeles",
    "Asia/Kathmandu",  # a quarter of an hour off
    "Pacific/Kiritimati",  # fourteen hours ahead
    "Africa/Cairo",  # the day on which summer begins has no midnight
    "America/Havana",  # the day on which summer ends has two
]


@pytest.mark.parametrize("name", ZONES)
def test_a_zone_is_known_by_its_name(name: str) -> None:
    assert name_of(zone_of(name)) == name
    assert zone_of(name) is zone_of(name)


@pytest.mark.parametrize(
    "name", ["Europe/Atlantis", "", "Europe", "../UTC", "/etc/passwd", "berlin"]
)
def test_a_zone_that_does_not_exist_is_refused_in_words(name: str) -> None:
    with pytest.raises(ValueError, match=r"there is no time zone .*an example is Europe/Berlin"):
        zone_of(name)


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", "2026-11-22T23:59:59.999+00:00", "2026-11-22"),
        ("Europe/Berlin", "2026-11-22T22:59:59.999+00:00", "2026-11-22"),
        ("Europe/Berlin", "2026-11-22T23:00:00.000+00:00", "2026-11-23"),
        ("America/Los_Angeles", "2026-11-23T07:59:59.999+00:00", "2026-11-22"),
        ("America/Los_Angeles", "2026-11-23T08:00:00.000+00:00", "2026-11-23"),
        ("Europe/Berlin", "2026-07-22T22:00:00.000+00:00", "2026-07-23"),
        ("Pacific/Kiritimati", "2026-11-22T10:00:00.000+00:00", "2026-11-23"),
        ("UTC", "2026-11-22T23:30:00-01:00", "2026-11-23"),
    ],
)
def test_a_moments_day_is_what_the_zones_clock_shows(zone: str, moment: str, day: str) -> None:
    at = datetime.fromisoformat(moment)
    assert day_of(at, zone_of(zone)) == date.fromisoformat(day)
    assert ordinal_of(at, zone_of(zone)) == date.fromisoformat(day).toordinal()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Los_Angeles", date(2026, 3, 8), 23),
        ("America/Los_Angeles", date(2026, 11, 1), 25),
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("America/Havana", date(2026, 11, 1), 25),
        ("Europe/Berlin", date(2026, 11, 22), 24),
        ("UTC", date(2026, 3, 29), 24),
    ],
)
def test_a_clock_change_makes_days_of_23_or_25_hours(zone: str, day: date, hours: int) -> None:
    first, last = start_of(day, zone_of(zone)), end_of(day, zone_of(zone))
    assert last + INSTANT - first == hours * HOUR
    each = {day_of(first + n * HOUR / 2, zone_of(zone)) for n in range(2 * hours)}
    assert each == {day}


@given(some.sampled_from(ZONES), some.dates(date(2020, 1, 1), date(2036, 12, 31)))
def test_days_follow_each_other_without_a_gap(zone: str, day: date) -> None:
    first, last = start_of(day, zone_of(zone)), end_of(day, zone_of(zone))
    assert first.tzinfo is last.tzinfo is UTC
    assert day_of(first, zone_of(zone)) == day_of(last, zone_of(zone)) == day
    assert day_of(first - INSTANT, zone_of(zone)) == day - timedelta(days=1)
    assert last + INSTANT == start_of(day + timedelta(days=1), zone_of(zone))


# --- what it costs --------------------------------------------------------------------------------

OPENED = """
import sys
opened = []
sys.addaudithook(lambda what, given: opened.append(str(given[0])) if what == "open" else None)
from tests.baton import ANN, InMemoryBaton, qualify_only
baton = InMemoryBaton()
{zone}
baton.page("/pricing")
{form}
qualify_only(baton)
zones = [name for name in opened if "zoneinfo/" in name and ".py" not in name]
print(len(zones), file=sys.stderr)
"""


def zones_read(zone: str = "", form: str = "") -> int:
    """How many time zones a process reads that takes a ping, and then perhaps a form."""
    return int(in_a_process(OPENED.format(zone=zone, form=form)).stderr.splitlines()[-1])


def in_a_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )


def test_in_utc_no_time_zone_is_read() -> None:
    """Neither for a ping nor for what qualifies a lead; elsewhere a ping reads none either."""
    form = 'baton.form("demo", **ANN)'
    berlin = 'baton.world.models.rezone("Europe/Berlin")'
    assert [zones_read(form=form), zones_read(berlin), zones_read(berlin, form)] == [0, 0, 1]


def test_days_alone_do_not_import_the_time_zones() -> None:
    code = (
        "import sys, chalicelib.days as days; days.zone_of('UTC'); print('zoneinfo' in sys.modules)"
    )
    assert in_a_process(code).stdout.strip() == "False"


# --- the only way to a day ------------------------------------------------------------------------

ONLY_WAY = "chalicelib/days.py"
OF_A_DAY = frozenset({"toordinal", "weekday", "isoweekday", "isocalendar", "timetuple"})
DAY_NAMES = frozenset({"day", "today", "on", "rest_until"})
DAY_ENDINGS = ("_day", "_today", "_on")
"""How variables are called that hold a day. Those that hold a moment are `now`, `until` or `at`."""
DAY_MAKERS = frozenset({"fromisoformat", "fromordinal", "day_of"})


def ways_to_a_day(source: str) -> Iterator[str]:
    """Whatever makes a day of a moment in some code, without a time zone."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _makes_a_day(node):
            yield ast.unparse(node)
        if isinstance(node, ast.FormattedValue) and _shows_a_day(node):
            yield ast.unparse(ast.JoinedStr([node]))
        if isinstance(node, ast.Subscript) and _cuts_a_day_out(node):
            yield ast.unparse(node)


def _makes_a_day(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id == "date" and not all(
            isinstance(one, ast.Constant) for one in call.args
        )
    if not isinstance(call.func, ast.Attribute):
        return False
    of, method = call.func.value, call.func.attr
    named = {one.arg for one in call.keywords}
    match method:
        case "date":
            return not call.args
        case "today" | "utcnow" | "combine" | "strftime":
            return True
        case "fromtimestamp":
            return ast.unparse(of) == "date"
        case "astimezone":
            return [ast.unparse(one) for one in call.args] != ["UTC"]
        case "replace":
            return bool(named & {"hour", "minute", "day"})
        case _:
            return method in OF_A_DAY and not _is_a_day(of)


def _is_a_day(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute | ast.Name) and _last(node.func) in DAY_MAKERS
    if not isinstance(node, ast.Attribute | ast.Name):
        return False
    return _last(node) in DAY_NAMES or _last(node).endswith(DAY_ENDINGS)


def _last(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def _shows_a_day(value: ast.FormattedValue) -> bool:
    spec = ast.unparse(value.format_spec) if value.format_spec else ""
    return any(one in spec for one in ("%Y", "%F", "%x", "%D", "%j"))


def _cuts_a_day_out(part: ast.Subscript) -> bool:
    """The first ten characters of a time: its day in UTC."""
    is_first_ten = isinstance(part.slice, ast.Slice) and ast.unparse(part.slice) == ":10"
    of = part.value
    return (
        is_first_ten
        and isinstance(of, ast.Call)
        and ast.unparse(of.func).endswith(("isoformat", "rfc3339"))
    )


@pytest.mark.parametrize(
    "code",
    [
        "now.date()",
        "self._now().date()",
        "event.at.toordinal()",
        "until.toordinal()",
        "now.isocalendar()",
        "date.today()",
        "datetime.today()",
        "datetime.utcnow()",
        "date.fromtimestamp(at)",
        "date(at.year, at.month, at.day)",
        "datetime.combine(day, time(), UTC)",
        "now.replace(hour=0)",
        "now.astimezone(zone)",
        "now.strftime('%Y-%m-%d')",
        "f'{now:%Y-%m-%d}'",
        "now.isoformat()[:10]",
        "rfc3339(at)[:10]",
    ],
)
def test_another_way_to_a_day_is_found(code: str) -> None:
    assert list(ways_to_a_day(code)) == [code]


@pytest.mark.parametrize(
    "code",
    [
        "today.toordinal()",
        "score.day.toordinal()",
        "standing.handed_on.toordinal()",
        "date.fromisoformat(text).toordinal()",
        "date.fromordinal(day)",
        "date(2026, 1, 1)",
        "at.astimezone(UTC)",
        "datetime.fromtimestamp(seconds, UTC)",
        "text.replace('a', 'b')",
        "f'{day:%B}'",
        "(today - entered_on).days",
    ],
)
def test_what_is_done_with_days_is_no_way_to_one(code: str) -> None:
    assert list(ways_to_a_day(code)) == []


def sources() -> list[Path]:
    folders = [ROOT / name for name in ("chalicelib", "tools", "infra")]
    return [ROOT / "app.py", *sorted(path for one in folders for path in one.rglob("*.py"))]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_day_of_turns_a_moment_into_a_day(path: Path) -> None:
    found = list(ways_to_a_day(path.read_text()))
    assert bool(found) == (path == ROOT / ONLY_WAY), found
