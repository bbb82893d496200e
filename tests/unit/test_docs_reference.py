"""The reference stays true: every route, set, limit, setting, error, log line and alarm."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from enum import IntEnum, StrEnum
from http import HTTPStatus

import pytest

import chalicelib
from app import app
from chalicelib import errors, limits
from chalicelib.http.problem import STATUS
from chalicelib.store import keys
from chalicelib.telemetry import LINES
from chalicelib.wiring.due import DUE_TASKS
from chalicelib.wiring.jobs import JOB_HANDLERS
from infra.paths import ROOT
from tests.pages import HOME, first_cells, names_in, resolve, rows, section, text_of

CLOSED_SETS = "docs/reference/closed-sets.md"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SETTING = re.compile(r"(?<![A-Z_])BATON_[A-Z]+(?:_[A-Z]+)*(?!_*[A-Z])(?!__)")
ROUTE_HEADING = re.compile(r"^### (GET|POST|PUT|PATCH|DELETE) (\S+)$", re.M)
STORE_METHOD = re.compile(r"`([A-Z]\w+\.[a-z]\w*)`")
INDEX_UNITS = 2  # write units of an index when an item changes its key there: out and in
PARTITION_UNITS = 1_000  # write units a second of one partition of an index
# The operations below the store's methods.
PORT = {
    "table.py",
    "dynamo.py",
    "queues.py",
    "read_ahead.py",
    "shared_reads.py",
    "mailroom.py",
    "rehearsed.py",
}


# --- the API --------------------------------------------------------------------------------------


def test_the_api_page_has_exactly_the_routes_there_are() -> None:
    served = {(method, path) for path, methods in app.routes.items() for method in methods}
    served -= {(method, path) for method, path in served if method == "HEAD"}  # as GET
    assert set(ROUTE_HEADING.findall(text_of("docs/reference/api.md"))) == served


def test_each_route_has_an_example() -> None:
    page = text_of("docs/reference/api.md")
    without = [
        f"{method} {path}"
        for method, path in ROUTE_HEADING.findall(page)
        if not re.search(
            rf"^```sh\ncurl .*\$API{example_of(path)}", section(page, f"{method} {path}"), re.M
        )
    ]
    assert not without


def test_each_example_uses_the_method_of_its_route() -> None:
    page = text_of("docs/reference/api.md")
    sent = {
        f"{method} {path}": sent_by(section(page, f"{method} {path}"))
        for method, path in ROUTE_HEADING.findall(page)
    }
    assert [route for route, method in sent.items() if method != route.split()[0]] == []


def sent_by(part: str) -> str:
    """Return the method with which the last curl of a section sends."""
    command = re.findall(r"^```sh\n(.*?)^```$", part, re.M | re.S)[0].rpartition("curl ")[2]
    method = re.search(r"-X (\w+)", command)
    if method:
        return method[1]
    return "POST" if re.search(r" (-d|--data-binary) ", command) else "GET"


def test_each_private_route_names_its_roles() -> None:
    page = text_of("docs/reference/api.md")
    roles_of = resolve("http.auth.roles_of")
    wrong = [
        f"{method} {path}"
        for path, methods in app.routes.items()
        for method, entry in methods.items()
        if method != "HEAD"
        if named_roles(section(page, f"{method} {path}")) != roles_of(entry.view_function)
    ]
    assert wrong == []


def named_roles(part: str) -> set[str]:
    line = re.search(r"^Roles?: (.+)\.$", part, re.M)
    return set(re.findall(r"`(\w+)`", line[1])) if line else set()


def test_who_may_call_what_is_what_the_routes_name() -> None:
    said = section(text_of("docs/reference/api.md"), "Who may call what")
    expected = "\n".join(expected_rows())
    assert [line for line in said.splitlines() if line.startswith("| `")] == [
        *expected.splitlines()
    ], f"the table is:\n{expected}"


def expected_rows() -> Iterator[str]:
    """Yield the table of who may call what: each private path with the methods for each role."""
    roles_of = resolve("http.auth.roles_of")
    for path, methods in sorted(app.routes.items()):
        named = {one: roles_of(entry.view_function) for one, entry in methods.items()}
        if not any(named.values()):
            continue
        cells = [
            " ".join(one for one in METHODS if {*named.get(one, ())} & roles)
            for roles in ({"admin", "marketer", "sales"}, {"marketer"}, {"sales"})
        ]
        yield f"| `{path}` | {' | '.join(cell or '–' for cell in cells)} |"


def example_of(path: str) -> str:
    return re.sub(r"\\\{\w+\\\}", r"[\\w-]+", re.escape(path))


# --- the data model -------------------------------------------------------------------------------


def access_patterns() -> list[list[str]]:
    return [*rows(section(text_of("docs/reference/data-model.md"), "Access patterns"))]


def store_methods() -> set[str]:
    """Return every public method of the store's classes, as `Class.method`."""
    return {
        f"{one.name}.{method.name}"
        for path in (HOME / "store").glob("*.py")
        if path.name not in PORT
        for one in ast.parse(path.read_text()).body
        if isinstance(one, ast.ClassDef)
        for method in one.body
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
    }


def test_the_access_patterns_are_exactly_the_stores_methods() -> None:
    whole = [cells for cells in access_patterns() if len(cells) == 7]
    named = [method for cells in whole for method in STORE_METHOD.findall(cells[1])]
    assert sorted(named) == sorted(store_methods())


def test_each_access_pattern_is_said_whole() -> None:
    table = access_patterns()
    assert table[0] == [
        "question",
        "method",
        "operation",
        "key condition",
        "bound",
        "consistency",
        "caller",
    ]
    assert [cells for cells in table if len(cells) != 7 or not all(cells)] == []


# --- closed sets, errors, limits, settings --------------------------------------------------------


@pytest.mark.parametrize(
    "heading", ["What becomes of an outbox message", "Why something was not sent"]
)
def test_the_table_of_a_closed_set_has_exactly_its_members(heading: str) -> None:
    part = section(text_of(CLOSED_SETS), heading)
    assert first_cells(part) == set(resolve(names_in(part)[0]))


def words_of(member: str | IntEnum) -> str:
    """Return a member of a closed set as it is stored: an ordered one by its name."""
    return member.name.lower() if isinstance(member, IntEnum) else member


def test_the_other_closed_sets_are_named_whole() -> None:
    table = rows(section(text_of(CLOSED_SETS), "Others"))
    named = {cells[0].strip("`"): cells[1] for cells in table if cells[0].startswith("`")}
    wrong = {
        name: cell
        for name, cell in named.items()
        if set(re.findall(r"`(\w+)`", cell)) != {words_of(one) for one in resolve(name)}
    }
    assert wrong == {}


def test_every_closed_set_is_there() -> None:
    named = [resolve(name) for name in names_in(text_of(CLOSED_SETS))]
    assert [kind for kind in closed_sets() if kind not in named] == []


def test_the_open_sets_are_named_whole() -> None:
    table = rows(text_of(CLOSED_SETS).partition("Two sets are open")[2])
    named = {cells[2].strip("`"): set(re.findall(r"`(\w+)`", cells[1])) for cells in table}
    assert named["wiring.due.DUE_TASKS"] == {task.name for task in DUE_TASKS}
    assert named["wiring.jobs.JOB_HANDLERS"] == set(JOB_HANDLERS)


def closed_sets() -> Iterator[type[StrEnum]]:
    """Yield every enum of texts that chalicelib defines."""
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        for one in vars(importlib.import_module(module.name)).values():
            is_enum = isinstance(one, type) and issubclass(one, StrEnum)
            if is_enum and one.__module__ == module.name:
                yield one


def test_every_error_is_explained_with_its_status() -> None:
    table = rows(section(text_of("docs/reference/errors.md"), "Errors"))
    named = {cells[0].strip("`"): cells[1] for cells in table if cells[0].startswith("`")}
    tree = {name: one for name, one in vars(errors).items() if is_ours(one)}
    assert named.keys() == tree.keys()
    answered = {name: status for name, status in named.items() if status != "none"}
    assert answered == {name: str(status_of(tree[name])) for name in answered}


def is_ours(one: object) -> bool:
    return isinstance(one, type) and issubclass(one, errors.BatonError)


def status_of(kind: type[errors.BatonError]) -> int:
    found = (status for one, status in STATUS if issubclass(kind, one))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR).value


def test_every_limit_stands_there_with_its_value() -> None:
    table = rows(section(text_of("docs/reference/limits.md"), "Limits"))
    named = {cells[0].strip("`"): cells[1] for cells in table if cells[0].startswith("`")}
    assert named == {name: f"{value:,}" for name, value in vars(limits).items() if name.isupper()}


def test_every_setting_is_documented_and_none_that_is_not_there() -> None:
    code = [*HOME.rglob("*.py"), *(ROOT / "infra").rglob("*.py"), ROOT / "infra/resources.yaml"]
    read = {name for path in code for name in SETTING.findall(path.read_text())}
    assert set(SETTING.findall(text_of("docs/reference/settings.md"))) == read


# --- functions, log lines, scale ------------------------------------------------------------------


def test_every_trigger_and_function_is_in_the_table_of_functions() -> None:
    template = text_of("infra/resources.yaml")
    named = {cells[0] for cells in rows(text_of("docs/reference/functions.md"))}
    functions = set(
        re.findall(
            r"^  (\w+):\n(?:    Metadata:.*\n(?:      .+\n)*)?    Properties:\n      Description:",
            template,
            re.M,
        )
    )
    assert functions
    assert functions <= named


def test_every_log_line_is_explained() -> None:
    page = section(text_of("docs/reference/logs.md"), "Log lines and metrics")
    table = [cells for cells in rows(page) if "`" in cells[0]]
    said = {
        cells[0].strip("`"): (cells[1], tuple(re.findall(r"`(\w+)`", cells[2]))) for cells in table
    }
    assert said == {name: (line.level.value, line.by) for name, line in LINES.items()}


def test_the_scale_table_is_computed_from_the_code() -> None:
    table = list(rows(section(text_of("docs/performance.md"), "Scale")))
    computed = [cells for cells in table if re.fullmatch(r"[\d,]+", cells[0])]
    hottest = {number(cells[0]): cells[2] for cells in computed}
    leads = {number(cells[0]): number(cells[1]) for cells in computed}
    rates = sorted(hottest)
    per_month = 30 * 24 * 60 * 60 / 40  # a lead has 40 events a month
    assert all(abs(leads[rate] / (rate * per_month) - 1) < 0.01 for rate in rates)
    for rate in rates:
        if hottest[rate].startswith("`DUE"):
            assert rate * INDEX_UNITS / keys.DUE_SHARDS == units_in(hottest[rate])
    assert rates[-2] * INDEX_UNITS / keys.DUE_SHARDS == PARTITION_UNITS
    last_units = rates[-1] * INDEX_UNITS / keys.STAGE_SHARDS
    assert last_units == PARTITION_UNITS == units_in(hottest[rates[-1]])
    bounds = {cells[0]: cells[1] for cells in table}
    assert number(bounds["things due in one tick"]) == keys.DUE_SHARDS * limits.DUE_MAX_ITEMS
    tracking = re.search(
        r'batch", HttpMethod: POST, ThrottlingRateLimit: (\d+)', text_of("infra/resources.yaml")
    )
    assert tracking
    assert bounds["requests of one tracking route"].startswith(f"{tracking[1]} a second")


def number(text: str) -> int:
    return int(text.replace(",", ""))


def units_in(cell: str) -> float:
    found = re.search(r", ([\d.,]+)", cell)
    assert found
    return float(found[1].replace(",", ""))


# --- the runbook ----------------------------------------------------------------------------------


def test_the_runbook_has_exactly_the_alarms_that_there_are() -> None:
    alarms = re.findall(
        r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm$", text_of("infra/resources.yaml"), re.M
    )
    headings = re.findall(r"^### (.+)$", section(text_of("docs/runbook.md"), "Alarms"), re.M)
    assert sorted(name for heading in headings for name in heading.split(", ")) == sorted(alarms)


def test_the_runbook_says_what_each_alarm_means_and_demands() -> None:
    alarms = section(text_of("docs/runbook.md"), "Alarms")
    for heading in re.findall(r"^### (.+)$", alarms, re.M):
        advice = section(alarms, heading)
        assert re.findall(r"^- \*\*(\w+):\*\*", advice, re.M) == ["Means", "First", "Then"], heading
        assert re.search(r"^- \*\*First:\*\* `(aws|lines) ", advice, re.M), heading


def test_the_runbook_names_only_resources_that_there_are() -> None:
    declared = set(re.findall(r"^  ([A-Z]\w+):", text_of("infra/resources.yaml"), re.M))
    assert set(re.findall(r"(?:\(id|lines) ([A-Z]\w+)", text_of("docs/runbook.md"))) <= declared
