"""The docs stay true: what they name exists, and what exists is named."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from app import app
from chalicelib import errors, limits
from chalicelib.delivery.outbox import MessageState, NotSentReason, Via
from chalicelib.events import Kind
from chalicelib.lifecycle.stages import Actor, Stage
from chalicelib.store import keys
from chalicelib.telemetry import LINES
from chalicelib.wiring.due import DUE_TASKS
from infra.paths import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("infra/**/*.md")])
RECORDS = sorted((DOCS / "adr").glob("[0-9]*.md"))
README_MAX_LINES = 150
SETTING = re.compile(r"(?<![A-Z_])BATON_[A-Z]+(?:_[A-Z]+)*(?!_*[A-Z])(?!__)")
ROUTE_HEADING = re.compile(r"^### (GET|POST|PUT|PATCH|DELETE) (\S+)$", re.M)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
STORE_METHOD = re.compile(r"`([A-Z]\w+\.[a-z]\w*)`")
FILE_NAMED = re.compile(r"`((?:\.chalice|chalicelib|docs|infra|site|tests)/[\w./-]*)`")
MACHINE_PATH = re.compile(r"(?<![\w.:/~-])/(?:work|root|tmp|home|Users)/")
TEXT_FILES = {
    ".cfg",
    ".html",
    ".in",
    ".js",
    ".json",
    ".md",
    ".py",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
    "",
}
MADE = {
    "__pycache__",
    "node_modules",
    ".git",
    ".local",
    ".venv",
    ".venv-check",
    ".venv-local",
    ".hypothesis",
}
INDEX_UNITS = 2  # write units of an index when an item changes its key there: out and in
PARTITION_UNITS = 1_000  # write units a second of one partition of an index
PORT = {"table.py", "dynamo.py"}  # the four operations below the store's methods


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", page, re.M)
    assert found, f"there is no section {heading!r}"
    rest = page[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.M)
    return rest[: end.start()] if end else rest


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each table row."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def first_cells(text: str) -> set[str]:
    return {cells[0].strip("`") for cells in rows(text) if cells[0].startswith("`")}


# --- README ---------------------------------------------------------------------------------------


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").splitlines()) < README_MAX_LINES


def test_the_readme_opens_with_one_sentence_and_the_transcript() -> None:
    title, sentence, fence = text_of("README.md").split("\n\n", 2)
    assert title == "# Baton"
    assert "\n" not in sentence
    assert re.fullmatch(r"[^.!?]+\.", sentence)
    assert fence.startswith("```text\n")


def test_the_readme_has_two_commands() -> None:
    without_transcript = re.sub(
        r"^```text$.*?^```$", "", text_of("README.md"), count=1, flags=re.M | re.S
    )
    said = [
        line.partition("#")[0].strip()
        for line in without_transcript.splitlines()
        if line.startswith("make ")
    ]
    assert said == ["make run ONCE=1", "make test"]


def test_the_readme_says_what_is_promised_of_each_kind_of_message() -> None:
    promises = section(text_of("README.md"), "What you can rely on").lower()
    assert re.search(r"an email goes out at most once", promises)
    assert re.search(r"a handoff mail goes out at least once.*same reference", promises, re.S)
    assert re.search(r"texts and topic messages go out at least once", promises)


# --- the API --------------------------------------------------------------------------------------


def test_the_api_page_has_exactly_the_routes_there_are() -> None:
    served = {(method, path) for path, methods in app.routes.items() for method in methods}
    assert set(ROUTE_HEADING.findall(text_of("docs/api.md"))) == served


def test_each_route_has_an_example() -> None:
    page = text_of("docs/api.md")
    without = [
        f"{method} {path}"
        for method, path in ROUTE_HEADING.findall(page)
        if not re.search(
            rf"^```sh\ncurl .*\$API{example_of(path)}", section(page, f"{method} {path}"), re.M
        )
    ]
    assert not without


def example_of(path: str) -> str:
    return re.sub(r"\\\{\w+\\\}", r"[\\w-]+", re.escape(path))


# --- the data model -------------------------------------------------------------------------------


def store_methods() -> set[str]:
    """Every public method of the store's classes, as `Class.method`."""
    return {
        f"{one.name}.{method.name}"
        for path in (ROOT / "chalicelib" / "store").glob("*.py")
        if path.name not in PORT
        for one in ast.parse(path.read_text()).body
        if isinstance(one, ast.ClassDef)
        for method in one.body
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
    }


def test_the_access_pattern_table_has_exactly_the_methods_of_the_store() -> None:
    table = section(text_of("docs/data-model.md"), "Access patterns")
    named = [
        method
        for cells in rows(table)
        if len(cells) == 7
        for method in STORE_METHOD.findall(cells[1])
    ]
    assert sorted(named) == sorted(store_methods())


def test_each_access_pattern_is_said_whole() -> None:
    table = [*rows(section(text_of("docs/data-model.md"), "Access patterns"))]
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


# --- closed sets, limits, settings, targets -------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "members"),
    [("What becomes of a message", MessageState), ("Why something was not sent", NotSentReason)],
)
def test_the_table_of_a_closed_set_has_exactly_its_members(
    heading: str, members: type[StrEnum]
) -> None:
    assert first_cells(section(text_of("docs/architecture.md"), heading)) == set(members)


@pytest.mark.parametrize("members", [Via, Kind, Stage, Actor])
def test_the_other_closed_sets_are_named_whole(members: type[StrEnum]) -> None:
    table = rows(section(text_of("docs/architecture.md"), "Others"))
    named = next(cells[1] for cells in table if cells[0].endswith(f".{members.__name__}`"))
    assert set(re.findall(r"`([a-z]+)`", named)) == set(members)


def test_the_due_tasks_are_named_whole() -> None:
    table = rows(section(text_of("docs/architecture.md"), "Others"))
    named = next(cells[1] for cells in table if cells[0].endswith(".DUE_TASKS`"))
    assert set(re.findall(r"`([a-z]+)`", named)) == {task.name for task in DUE_TASKS}


def test_every_error_is_explained() -> None:
    tree = {
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, errors.BatonError)
    }
    assert first_cells(section(text_of("docs/architecture.md"), "Errors")) == tree


def test_every_limit_stands_there_with_its_value() -> None:
    table = {
        cells[0].strip("`"): cells[1]
        for cells in rows(section(text_of("docs/architecture.md"), "Limits"))
    }
    del table["limit"]
    assert table == {name: f"{value:,}" for name, value in vars(limits).items() if name.isupper()}


def test_every_setting_is_documented_and_none_that_is_not_there() -> None:
    code = [
        *(ROOT / "chalicelib").rglob("*.py"),
        *(ROOT / "infra").rglob("*.py"),
        ROOT / "infra" / "resources.yaml",
    ]
    read = {name for path in code for name in SETTING.findall(path.read_text())}
    assert set(SETTING.findall(section(text_of("docs/architecture.md"), "Settings"))) == read


def test_every_make_target_is_documented_and_none_that_is_not_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), re.M))
    commands = section(text_of("CONTRIBUTING.md"), "Commands")
    assert {cells[0].strip("`").removeprefix("make ") for cells in rows(commands)} == targets | {
        "command"
    }


def test_every_trigger_and_function_is_in_the_table_of_functions() -> None:
    template = text_of("infra/resources.yaml")
    named = {cells[0] for cells in rows(section(text_of("docs/architecture.md"), "Functions"))}
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
    table = [
        cells
        for cells in rows(section(text_of("docs/architecture.md"), "Log lines and metrics"))
        if "`" in cells[0]
    ]
    told = {
        cells[0].strip("`"): (cells[1], tuple(re.findall(r"`(\w+)`", cells[2]))) for cells in table
    }
    assert told == {name: (line.level.value, line.by) for name, line in LINES.items()}


def test_the_scale_table_is_computed_from_the_code() -> None:
    table = list(rows(section(text_of("docs/architecture.md"), "Scale")))
    hottest = {number(cells[0]): cells[2] for cells in table if re.fullmatch(r"[\d,]+", cells[0])}
    leads = {
        number(cells[0]): number(cells[1]) for cells in table if re.fullmatch(r"[\d,]+", cells[0])
    }
    rates = sorted(hottest)
    per_month = 30 * 24 * 60 * 60 / 40  # a lead has 40 events a month
    assert all(abs(leads[rate] / (rate * per_month) - 1) < 0.01 for rate in rates)
    for rate in rates:
        if hottest[rate].startswith("`DUE"):
            assert rate * INDEX_UNITS / keys.DUE_SHARDS == units_in(hottest[rate])
    assert rates[-2] * INDEX_UNITS / keys.DUE_SHARDS == PARTITION_UNITS
    assert (
        rates[-1] * INDEX_UNITS / keys.STAGE_SHARDS
        == PARTITION_UNITS
        == units_in(hottest[rates[-1]])
    )
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


def test_the_runbook_has_exactly_the_alarms_that_there_are() -> None:
    alarms = re.findall(
        r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm$", text_of("infra/resources.yaml"), re.M
    )
    headings = re.findall(r"^### (.+)$", section(text_of("docs/runbook.md"), "Alarms"), re.M)
    assert sorted(name for heading in headings for name in heading.split(", ")) == sorted(alarms)


def test_the_runbook_says_of_each_alarm_what_it_means_and_what_to_do() -> None:
    alarms = section(text_of("docs/runbook.md"), "Alarms")
    for heading in re.findall(r"^### (.+)$", alarms, re.M):
        advice = section(alarms, heading)
        assert re.findall(r"^- \*\*(\w+):\*\*", advice, re.M) == ["Means", "First", "Then"], heading
        assert re.search(r"^- \*\*First:\*\* `(aws|lines) ", advice, re.M), heading


def test_the_runbook_names_only_resources_that_there_are() -> None:
    declared = set(re.findall(r"^  ([A-Z]\w+):", text_of("infra/resources.yaml"), re.M))
    assert set(re.findall(r"(?:\(id|lines) ([A-Z]\w+)", text_of("docs/runbook.md"))) <= declared


# --- rooms ----------------------------------------------------------------------------------------


def imports_of_rooms() -> dict[str, set[str]]:
    """Room -> the other rooms that it imports, lazily and for types too."""
    home = ROOT / "chalicelib"
    graph: dict[str, set[str]] = {}
    for path in home.rglob("*.py"):
        room = path.relative_to(home).with_suffix("").parts[0]
        if room == "__init__":
            continue
        graph.setdefault(room, set()).update(rooms_imported_by(path) - {room})
    return graph


def rooms_imported_by(path: Path) -> set[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{one.name}" for one in node.names]
        elif isinstance(node, ast.Import):
            names += [one.name for one in node.names]
    return {name.split(".")[1] for name in names if name.startswith("chalicelib.")}


def test_each_room_imports_only_what_its_row_allows() -> None:
    table = [
        cells
        for cells in rows(section(text_of("docs/architecture.md"), "Rooms"))
        if cells[0].startswith("`")
    ]
    allowed = {cells[0].strip("`"): set(re.findall(r"`(\w+)`", cells[2])) for cells in table}
    graph = imports_of_rooms()
    assert allowed.keys() == graph.keys()
    assert {room: extra for room in graph if (extra := graph[room] - allowed[room])} == {}


# --- decisions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_its_sections(record: Path) -> None:
    page = record.read_text()
    assert re.match(rf"# {record.stem[:4]}: \S", page)
    assert re.search(r"^(Accepted|Superseded by \[\d{4}\]\S*), \d{4}-\d\d-\d\d\.$", page, re.M)
    assert re.findall(r"^## (.+)$", page, re.M) == [
        "Context",
        "Decision",
        "Consequences",
        "How to reverse",
    ]
    assert all(
        section(page, heading).strip()
        for heading in ("Context", "Decision", "Consequences", "How to reverse")
    )


def test_the_records_are_numbered_without_a_gap_and_listed() -> None:
    assert [int(record.stem[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))
    listed = re.findall(r"^\| \[\d{4}\]\(([^)]+)\)", text_of("docs/adr/README.md"), re.M)
    assert listed == [record.name for record in RECORDS]


def test_every_dependency_that_is_deployed_has_its_reason() -> None:
    lines = [line.strip() for line in text_of("requirements.in").splitlines()]
    wanted = {
        re.split(r"[\[=<>~;! ]", line)[0].lower() for line in lines if line and line[0] not in "#-"
    }
    explained = {
        cells[0].split()[0].lower() for cells in rows(section(dependencies(), "Decision"))
    } - {"dependency"}
    assert explained == wanted


def dependencies() -> str:
    return next(record.read_text() for record in RECORDS if record.stem.endswith("-dependencies"))


# --- every page -----------------------------------------------------------------------------------


def anchors_of(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path) -> Iterator[str]:
    for link in LINK.findall(FENCE.sub("", path.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        is_there = target.exists() and target.is_relative_to(ROOT)
        if not is_there or (anchor and anchor not in anchors_of(target.read_text())):
            yield link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_inside_the_repository_resolve(path: Path) -> None:
    assert [*broken_links(path)] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_files_that_a_page_names_exist(path: Path) -> None:
    assert [
        name for name in FILE_NAMED.findall(path.read_text()) if not (ROOT / name).exists()
    ] == []


def texts() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if (
            path.is_file()
            and path.suffix in TEXT_FILES
            and not any(is_made(part) for part in parts)
        ):
            yield path


def is_made(part: str) -> bool:
    return part in MADE or part.endswith("_cache")


def test_no_file_names_a_path_of_a_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in texts()
        for line in path.read_text(errors="replace").splitlines()
        if MACHINE_PATH.search(line)
    ]
    assert found == []
