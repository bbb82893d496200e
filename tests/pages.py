"""The repository's pages as tests read them: sections, tables, links and the names in them."""

import importlib
import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from infra.paths import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("infra/**/*.md")])
RECORDS = sorted((DOCS / "adr").glob("[0-9]*.md"))
HOME = ROOT / "chalicelib"
FENCE = re.compile(r"^ *```.*?^ *```$", re.M | re.S)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
NAME = re.compile(r"`([a-z]\w*(?:\.\w+)+)`")
FILE_SUFFIXES = (".py", ".md", ".yaml", ".json", ".js", ".log", ".txt")


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def section(page: str, heading: str) -> str:
    """Return what stands under a heading, up to the next of its level or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", page, re.M)
    assert found, f"there is no section {heading!r}"
    rest = page[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", FENCE.sub(_blank, rest), re.M)
    return rest[: end.start()] if end else rest


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of each table row."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def first_cells(text: str) -> set[str]:
    """Return the names in the first cells of a table."""
    return {cells[0].strip("`") for cells in rows(text) if cells[0].startswith("`")}


def anchors_of(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links_of(path: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield each link of a page into the repository: as written, its file, its anchor."""
    for link in LINK.findall(FENCE.sub("", path.read_text())):
        if not re.match(r"[a-z]+:", link):
            name, _, anchor = link.partition("#")
            yield link, (path.parent / name).resolve() if name else path, anchor


def names_in(text: str) -> list[str]:
    """Return the names of chalicelib in a text, such as `lifecycle.decide.decide`."""
    found = NAME.findall(FENCE.sub("", text))
    return [
        name for name in found if name.split(".")[0] in rooms() and not name.endswith(FILE_SUFFIXES)
    ]


@cache
def rooms() -> frozenset[str]:
    """Return the rooms: each folder and module of chalicelib."""
    found = {path.relative_to(HOME).with_suffix("").parts[0] for path in HOME.rglob("*.py")}
    return frozenset(found - {"__init__"})


def resolve(name: str) -> Any:
    """Return what a name below chalicelib means. Raise AttributeError when it means nothing."""
    parts = name.split(".")
    found: Any = importlib.import_module("chalicelib")
    while parts and (module := _module_of(found, parts[0])) is not None:
        found = module
        parts.pop(0)
    for part in parts:
        found = getattr(found, part)
    return found


def _module_of(parent: Any, name: str) -> Any:
    """Return the module of a name in a package, None when there is none."""
    if not hasattr(parent, "__path__"):
        return None
    whole = f"{parent.__name__}.{name}"
    return importlib.import_module(whole) if importlib.util.find_spec(whole) else None


def _blank(fence: re.Match[str]) -> str:
    """Return as many characters without meaning as the fence has."""
    return re.sub(r"\S", " ", fence[0])
