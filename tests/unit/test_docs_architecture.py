"""The pages on how it is built stay true: rooms and their order, the walkthrough, the records."""

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from tests.baton import InMemoryBaton
from tests.pages import HOME, RECORDS, names_in, resolve, rooms, rows, section, text_of
from tests.unit.test_feedback import notice

SECTIONS = ["Context", "Decision", "Consequences", "How to reverse"]
CITED = re.compile(r"\bADR (\d{4})\b")

A_REVIEW_LATER = timedelta(days=28)

# Named in the walkthrough for another way than Ann's, or replaced in memory.
NOT_ON_THE_WAY = {
    "leads.replay.replay",
    "delivery.outcomes.without_evidence",
    "delivery.senders.Senders.send",
    "store.consents.Consents.suppress",
}


# --- rooms ----------------------------------------------------------------------------------------


def room_table() -> list[list[str]]:
    """Return layer, room, purpose and imports of each room."""
    table = rows(section(text_of("docs/architecture.md"), "Rooms"))
    return [cells for cells in table if cells[0].isdigit()]


def test_the_rooms_stand_in_the_order_that_import_linter_keeps() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one["type"] == "layers")
    kept = [{room.strip() for room in layer.split("|")} for layer in reversed(layers)]
    shown: list[set[str]] = [set() for _ in kept]
    for layer, room, *_ in room_table():
        shown[int(layer) - 1].add(room.strip("`"))
    assert shown == kept
    numbers = [int(cells[0]) for cells in room_table()]
    assert numbers == sorted(numbers, reverse=True)


def test_each_room_imports_what_its_row_names() -> None:
    named = {cells[1].strip("`"): set(re.findall(r"`(\w+)`", cells[3])) for cells in room_table()}
    assert named == {room: imports_of(room) for room in rooms()}


def imports_of(room: str) -> set[str]:
    """Return the other rooms that a room imports, lazily and for types too."""
    files = [*(HOME / room).rglob("*.py"), *HOME.glob(f"{room}.py")]
    return {other for path in files for other in rooms_imported_by(path)} - {room}


def rooms_imported_by(path: Path) -> set[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{one.name}" for one in node.names]
        elif isinstance(node, ast.Import):
            names += [one.name for one in node.names]
    return {name.split(".")[1] for name in names if name.startswith("chalicelib.")}


# --- the walkthrough ------------------------------------------------------------------------------


def steps() -> list[str]:
    found = re.split(r"^\d+\. ", text_of("docs/walkthrough.md"), flags=re.M)[1:]
    return [step.partition("\n#")[0] for step in found]


def test_each_step_of_the_walkthrough_names_a_function() -> None:
    assert [step for step in steps() if not names_in(step)] == []


def test_the_walkthrough_names_what_really_runs() -> None:
    named = {name for step in steps() for name in names_in(step)} - NOT_ON_THE_WAY
    with calls() as called:
        walk()
    missed = [name for name in named if not set(codes_of(name)) & called]
    assert missed == []


def walk() -> None:
    """Walk Ann from her post to the day on which she cools, as the walkthrough does."""
    baton = InMemoryBaton()
    posted = "email=ann@acme.example&job_title=CTO&company_size=120&_consent=yes&_visitor_id=v1"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    assert baton.http("POST", "/v1/forms/guide", posted, headers).status_code == 303
    baton.until_quiet()
    assert baton.lead()["stage"] == "mql"
    (message,) = baton.outbox()
    baton.world.mail_event(notice(message["id"], "Delivery"))
    baton.until_quiet()
    baton.ports.clock.tick(A_REVIEW_LATER)
    baton.minutes_later(1)


@contextmanager
def calls() -> Iterator[set[CodeType]]:
    """Collect the code of every function that is called meanwhile."""
    called: set[CodeType] = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            called.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(before)


def codes_of(name: str) -> Iterator[CodeType]:
    """Yield the code behind a name: of a function, or of a class's methods."""
    found = resolve(name)
    functions = vars(found).values() if inspect.isclass(found) else [found]
    for function in functions:
        for layer in layers_of(function):
            if inspect.isfunction(layer):
                yield layer.__code__


def layers_of(function: Any) -> Iterator[Any]:
    """Yield a function and what its decorators wrap."""
    while function is not None:
        yield function
        function = getattr(function, "__wrapped__", None)


# --- decisions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_its_sections(record: Path) -> None:
    page = record.read_text()
    assert re.match(rf"# {record.stem[:4]}: \S", page)
    assert re.search(r"^(Accepted|Superseded by \[\d{4}\]\S*), \d{4}-\d\d-\d\d\.$", page, re.M)
    assert re.findall(r"^## (.+)$", page, re.M) == SECTIONS
    assert all(section(page, heading).strip() for heading in SECTIONS)


def test_the_records_are_numbered_without_a_gap_and_listed() -> None:
    assert [int(record.stem[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))
    listed = re.findall(r"^\| \[\d{4}\]\(([^)]+)\)", text_of("docs/adr/README.md"), re.M)
    assert listed == [record.name for record in RECORDS]


def test_the_records_that_code_cites_exist() -> None:
    known = {record.stem[:4] for record in RECORDS}
    cited = {one for path in HOME.rglob("*.py") for one in CITED.findall(path.read_text())}
    assert cited <= known


def test_every_dependency_that_is_deployed_has_its_reason() -> None:
    lines = [line.strip() for line in text_of("requirements.in").splitlines()]
    wanted = {
        re.split(r"[\[=<>~;! ]", line)[0].lower() for line in lines if line and line[0] not in "#-"
    }
    record = next(record for record in RECORDS if record.stem.endswith("-dependencies"))
    table = rows(section(record.read_text(), "Decision"))
    assert {cells[0].split()[0].lower() for cells in table} - {"dependency"} == wanted
