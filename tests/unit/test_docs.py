"""The docs stay true: what they name exists, links lead there, and a newcomer finds the way."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from infra.paths import ROOT
from tests.baton import InMemoryBaton
from tests.pages import (
    DOCS,
    FENCE,
    PAGES,
    anchors_of,
    links_of,
    names_in,
    resolve,
    rows,
    section,
    text_of,
)

README_MAX_LINES = 150
ARCHITECTURE_MAX_LINES = 150
LINE_MAX_CHARS = 100
MAX_HOPS = 3
FOLDERS = r"(?:\.chalice|chalicelib|docs|infra|site|tests|tools)"
FILE_NAMED = re.compile(rf"`({FOLDERS}/[\w./-]*)`")
FILE_IN_CODE = re.compile(r"\b(docs/[\w/-]+\.(?:md|json))\b")
LONG_COMMAND = re.compile(r"`[^`]{60,}`")
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
of_each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


# --- README ---------------------------------------------------------------------------------------


def test_the_readme_and_the_architecture_are_short() -> None:
    assert len(text_of("README.md").splitlines()) < README_MAX_LINES
    assert len(text_of("docs/architecture.md").splitlines()) <= ARCHITECTURE_MAX_LINES


def test_the_readme_opens_with_one_sentence_and_the_transcript() -> None:
    title, sentence, fence = text_of("README.md").split("\n\n", 2)
    assert title == "# Baton"
    assert re.fullmatch(r"[^.!?]+\.", sentence)
    assert fence.startswith("```text\n")


@pytest.mark.parametrize("word", ["MQL", "SQL"])
def test_the_readme_expands_its_abbreviations_at_first_use(word: str) -> None:
    kind = {"MQL": "marketing", "SQL": "sales"}[word]
    text = " ".join(text_of("README.md").split())
    first = text.lower().index(word.lower())
    assert text[first:].startswith(f"{word}s ({kind}-qualified leads)")


def test_the_readme_has_two_commands() -> None:
    fences = FENCE.findall(text_of("README.md"))
    said = [
        line.partition("#")[0].strip()
        for fence in fences[1:]
        for line in fence.splitlines()
        if line.startswith("make ")
    ]
    assert said == ["make run ONCE=1", "make test"]


def test_the_readme_says_what_each_kind_of_message_promises() -> None:
    promises = section(text_of("README.md"), "What you can rely on").lower()
    assert re.search(r"an?( nurture)? email goes out at most once", promises)
    assert re.search(r"a handoff email goes out at least once.*same\s+reference", promises, re.S)
    assert re.search(r"texts and topic messages go out at least once", promises)


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_the_form_to_paste_makes_a_lead_that_consented(page: str) -> None:
    (html,) = re.findall(r"^ *```html\n(.*?)^ *```$", text_of(page), re.M | re.S)
    assert '<script defer src="https://api.example/t.js" data-baton></script>' in html
    action = re.search(r'method="post" action="https://api\.example(/\S+)"', html)
    box = re.search(r'type="checkbox" name="(\w+)" value="(\w+)"', html)
    field = re.search(r'type="email" name="(\w+)"', html)
    assert action
    assert box
    assert field
    baton = InMemoryBaton()
    posted = urlencode({field[1]: "ann@acme.example", box[1]: box[2]})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    assert baton.http("POST", action[1], posted, headers).status_code == 303
    baton.until_quiet()
    assert baton.lead()["consent"]["marketing"] is True


# --- finding the way ------------------------------------------------------------------------------


def says_what_mql_means(path: Path) -> bool:
    return "| MQL | marketing-qualified lead" in path.read_text()


def shows_what_to_paste(path: Path) -> bool:
    text = path.read_text()
    return "t.js" in text and "<form" in text and path.suffix == ".md"


def decides_the_stage(path: Path) -> bool:
    return path.suffix == ".py" and "\ndef decide(" in path.read_text()


def explains_a_rule_operator(path: Path) -> bool:
    return path.read_text().startswith("# How to add a rule operator")


@pytest.mark.parametrize(
    "answers",
    [says_what_mql_means, shows_what_to_paste, decides_the_stage, explains_a_rule_operator],
)
def test_a_newcomer_finds_it_within_three_links(answers: Callable[[Path], bool]) -> None:
    assert any(answers(path) for path in reached_from(ROOT / "README.md"))


def reached_from(start: Path) -> set[Path]:
    """Return the files that so few links lead to."""
    reached = {start}
    edge = {start}
    for _ in range(MAX_HOPS):
        pages = [path for path in edge if path.suffix == ".md"]
        edge = {to for path in pages for _, to, _ in links_of(path) if to.is_file()} - reached
        reached |= edge
    return reached


def test_every_page_is_reached_from_the_readme() -> None:
    assert [
        page for page in DOCS.rglob("*.md") if page not in reached_from(ROOT / "README.md")
    ] == []


def test_exactly_the_make_targets_there_are_are_documented() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), re.M))
    commands = section(text_of("CONTRIBUTING.md"), "Commands")
    named = {cells[0].strip("`").removeprefix("make ") for cells in rows(commands)}
    assert named == targets | {"command"}


# --- every page -----------------------------------------------------------------------------------


def broken_links(path: Path) -> Iterator[str]:
    for link, target, anchor in links_of(path):
        is_there = target.exists() and target.is_relative_to(ROOT)
        if not is_there or (anchor and anchor not in anchors_of(target.read_text())):
            yield link


@of_each_page
def test_the_links_inside_the_repository_resolve(path: Path) -> None:
    assert [*broken_links(path)] == []


@of_each_page
def test_the_files_that_a_page_names_exist(path: Path) -> None:
    named = FILE_NAMED.findall(path.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


@of_each_page
def test_the_names_that_a_page_uses_exist(path: Path) -> None:
    assert [name for name in names_in(path.read_text()) if not exists(name)] == []


def exists(name: str) -> bool:
    try:
        resolve(name)
    except AttributeError:
        return False
    return True


@of_each_page
def test_prose_is_at_most_a_hundred_columns_wide(path: Path) -> None:
    prose = FENCE.sub("", path.read_text()).splitlines()
    long = [line for line in prose if len(line) > LINE_MAX_CHARS and not line.startswith("|")]
    assert [line for line in long if not LONG_COMMAND.search(line)] == []


def test_the_pages_that_code_names_exist() -> None:
    folders = ("chalicelib", "infra", "tests", "tools", "bench")
    code = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    named = {name for path in code for name in FILE_IN_CODE.findall(path.read_text())}
    assert {name for name in named if not (ROOT / name).exists()} == set()


def texts() -> Iterator[Path]:
    for folder, subfolders, files in os.walk(ROOT):
        # Not entered at all: another test's stack may be deleting what is in them.
        subfolders[:] = [name for name in subfolders if not is_made(name)]
        yield from (Path(folder, name) for name in files if Path(name).suffix in TEXT_FILES)


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
