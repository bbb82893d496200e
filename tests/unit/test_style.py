"""What style asks of every file, where a test can tell: lengths, names, words, cited records."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from infra.paths import ROOT
from tests.pages import HOME, PAGES, RECORDS

COLUMNS_MAX = 100
FILE_LINES_MAX = 300
QUALIFY_LINES_MAX = 500
TEST_NAME_WORDS_MAX = 10
EXCEPTIONS_MAX = 5

CODE_FOLDERS = ("chalicelib", "infra", "tools", "tests", "bench", "site")
CODE_SUFFIXES = {".py", ".js", ".yaml", ".html", ".css", ".sh"}
CODE_FILES = ("app.py", "Makefile", ".ci/run", "pyproject.toml", "requirements-dev.in")

SAID_TWICE: Mapping[str, str] = {
    "MOST_WRITES": "each room that reacts says how many writes its plan can hold",
}
EXPLAIN_NO_CODE: Mapping[str, str] = {"0008": "superseded by 0034", "0014": "superseded by 0041"}
"""Records that no code cites, and why."""


@cache
def code() -> list[Path]:
    """Return the files that people write in a language."""
    found = [path for folder in CODE_FOLDERS for path in sorted((ROOT / folder).rglob("*"))]
    written = [path for path in found if path.suffix in CODE_SUFFIXES]
    return [*written, *(ROOT / name for name in CODE_FILES)]


@cache
def modules() -> list[Path]:
    """Return the modules of chalicelib."""
    return sorted(HOME.rglob("*.py"))


@cache
def trees(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- lengths --------------------------------------------------------------------------------------


def test_no_line_is_over_a_hundred_columns() -> None:
    long = [
        f"{name_of(path)}:{number}"
        for path in code()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > COLUMNS_MAX
    ]
    assert long == []


def test_no_module_is_over_three_hundred_lines() -> None:
    assert [name_of(path) for path in modules() if lines_of(path) > FILE_LINES_MAX] == []


def test_qualify_stays_thin() -> None:
    assert sum(map(lines_of, (HOME / "qualify").glob("*.py"))) < QUALIFY_LINES_MAX


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("test_a_lead_is_kept", 4),
        ("test_rule_9_nobody_is_notified", 4),
        ("test_rule_10_and_11_hold", 4),
    ],
)
def test_the_words_of_a_test_are_counted(name: str, words: int) -> None:
    assert words_of(name) == words


def test_a_test_has_a_name_of_at_most_ten_words() -> None:
    wordy = [
        f"{name_of(path)}: {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(trees(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if words_of(node.name) > TEST_NAME_WORDS_MAX
    ]
    assert wordy == []


def words_of(name: str) -> int:
    """Return the number of words of a test's name; the rule that it tests counts as one."""
    said = name.removeprefix("test_")
    return len(re.sub(r"^rule_(\d+)", r"rule\1", said).split("_"))


def test_no_public_name_is_defined_in_two_modules() -> None:
    homes = defaultdict[str, list[str]](list)
    for path in modules():
        for name in set(public_names(trees(path))):
            homes[name].append(name_of(path))
    twice = {name: places for name, places in homes.items() if len(places) > 1}
    assert {name: places for name, places in twice.items() if name not in SAID_TWICE} == {}
    assert twice.keys() >= SAID_TWICE.keys()
    assert len(SAID_TWICE) <= EXCEPTIONS_MAX


def public_names(module: ast.Module) -> Iterator[str]:
    """Yield the functions, classes, constants and aliases that a module defines for others."""
    for node in module.body:
        for name in names_defined(node):
            if not name.startswith("_"):
                yield name


def names_defined(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            for target in targets:
                yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


# --- records --------------------------------------------------------------------------------------


def test_every_record_that_explains_code_is_cited_there() -> None:
    sources = [path for path in code() if not name_of(path).startswith("tests/")]
    cited = {number for path in sources for number in cited_in(path.read_text())}
    records = {path.name[:4] for path in RECORDS}
    assert records - cited == EXPLAIN_NO_CODE.keys()
    assert cited <= records


def cited_in(text: str) -> list[str]:
    """Return the numbers of the records that a text cites, as `ADR 0003` or `ADR 0003, 0017`."""
    cited = re.findall(r"\bADR (\d{4}(?:(?:, | and )\d{4})*)", text)
    return [number for numbers in cited for number in re.findall(r"\d{4}", numbers)]


# --- words that have gone -------------------------------------------------------------------------


def gone(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


OLD_WORDS: Mapping[str, re.Pattern[str]] = {
    "intent, for an outbox message": gone(
        r"\bIntents?\b|\bintents\b|INTENT#|\w_intent\b|\bintent_\w"
        r"|\b(?:an|each|every|planned|sent|open) intent\b|\bintent (?:is|was) (?:sent|planned)\b"
    ),
    "letter, for an email": gone(
        r"/v1/letters|[\"']letters?[\"']|\bLetters?\b|\w_letters?\b|\bletters?_\w"
        r"|\b(?:a|each|every|this|one|no|first|second|last|next|nurture|welcome) letter\b"
        r"|\b(?:no|of|these|our|your|their|two|three|further) letters\b"
    ),
    "mail, topic or text, for a via": gone(r"\bvia\w*\b[^\n]{0,9}[\"'](?:mail|topic|text)[\"']"),
    "channel, for a via": gone(r"\bChannels?\b|channel: Via|\bkind and channel\b"),
    "refold and fold, for a replay": gone(r"refold|\bfold\(|\bfolded (?:at once|once|anew)\b"),
    "ledger": gone(r"(?i)\bledgers?\b"),
    "stage, for an environment": gone(r"BATON_STAGE"),
    "wants_word, warned and told, for notified": gone(r"wants_word|\.(?:warned|told)\b"),
    "barred, for disqualified_by": gone(r"\bbarred\b(?! ?[\"':*])|\bdef \w*barred"),
    "a house or a world, for a Baton in memory": gone(r"\b[Hh]ouses?\b|\bworlds\b"),
    "a rule that holds or is held, for one that matches": gone(r"\brules? (?:is|are) held\b"),
}
KEPT: Mapping[str, str] = {
    "tests/unit/test_style.py": "it names them",
    "tests/unit/test_message_keys.py": "an old key is refused",
    "site/pricing.html": "an invented company names its prices",
}
OLD_MODULES = {
    "asked", "beside", "effects", "gather", "intents", "ledger", "letters", "moving", "next",
    "past", "rebuilt", "running", "shapes",
}  # fmt: skip


@pytest.mark.parametrize("word", OLD_WORDS)
def test_an_old_word_does_not_come_back(word: str) -> None:
    found = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in [*code(), *PAGES]
        if name_of(path) not in KEPT and path.name != "CHANGELOG.md"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if OLD_WORDS[word].search(line)
    ]
    assert found == []


def test_no_module_has_an_old_name() -> None:
    assert [name_of(path) for path in modules() if path.stem in OLD_MODULES] == []


def test_no_class_of_the_tests_is_a_world() -> None:
    classes = [
        node.name
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(trees(path))
        if isinstance(node, ast.ClassDef)
    ]
    assert [name for name in classes if name.endswith(("House", "World"))] == []
