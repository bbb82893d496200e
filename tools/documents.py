"""Move the documents of a deployment into YAML files, or the files into the deployment.

    python -m tools.documents pull     comments and order of the files stay
    python -m tools.documents push     each document that differs becomes a new version

The files are those that a deploy compares with, or those of `--folder`. The table is that of the
running local stack, or with `--stage prod` that of a deployment in the environment's account. On
the local stack the demo's own documents stand in for those of the files, as its deploy has it. The
scoring model is not among them: it is published.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from chalicelib.errors import DocumentError, StateError
from chalicelib.wiring.world import World
from infra.defaults import (
    DEFAULTS,
    FILES,
    FOLDERS,
    SINGLE,
    by_id,
    demo_documents,
    documents_in,
    name_of,
    refusal,
)
from tools.deployment import add_stage, find_world

Placed = Mapping[tuple[str, str], Mapping[str, Any]]
"""Documents by kind and id."""

AUTHOR = "make documents"
COLUMNS = 100
LINES = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u2028\u2029]*")
"""A text that YAML can show as a block of lines."""


def main(arguments: Sequence[str]) -> int:
    """Pull or push. Return the exit code: 1 when a document or a file is refused."""
    given = _parse(arguments)
    world = find_world(given.stage)
    if world is None:
        return 1
    try:
        demo = demo_of(world) if given.stage is None and given.folder is None else {}
        folder = given.folder or DEFAULTS
        if given.direction == "pull":
            pull(world, folder, print, demo)
            return 0
        refused = push(world, {**documents_in(folder), **demo}, given.note, print)
    except (OSError, UnicodeDecodeError, YAMLError, DocumentError) as error:
        print(refusal(given.folder or DEFAULTS, error), file=sys.stderr)
        return 1
    for line in refused:
        print(line, file=sys.stderr)
    return 1 if refused else 0


def demo_of(world: World) -> Placed:
    """Return the demo's own documents, as the local stack's deploy has them."""
    deployment = world.documents.get("deployment") or {}
    return demo_documents(str(deployment.get("site_url", "")))


def pull(world: World, folder: Path, say: Callable[[str], object], demo: Placed) -> None:
    """Write the documents of a deployment into the files of a folder.

    A file whose documents are the same already is left as it is. demo: the documents that belong to
    no file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = documents_in(folder)
    for kind, name in FILES.items():
        stored = dict(_without_demo(kind, world.editing.every(kind), files, demo))
        path = folder / name
        if kind in FOLDERS:
            _pull_each(kind, path, stored, say)
        elif _is_written(path, kind, stored):
            say(f"{path}: {len(stored)} {'document' if len(stored) == 1 else 'documents'}")


def _pull_each(
    kind: str,
    folder: Path,
    stored: Mapping[str, Mapping[str, Any]],
    say: Callable[[str], object],
) -> None:
    """Write each document of a kind into its own file; take away the files of those gone."""
    folder.mkdir(exist_ok=True)
    for path in sorted(folder.glob("*.yaml")):
        if path.stem not in stored:
            path.unlink()
            say(f"{path}: deleted")
    for document_id, document in stored.items():
        path = folder / f"{document_id}.yaml"
        if _is_written(path, kind, {document_id: document}):
            say(f"{path}: 1 document")


def _is_written(path: Path, kind: str, stored: Mapping[str, Mapping[str, Any]]) -> bool:
    """Write documents into their file unless it says the same. Return whether it had to be."""
    text = path.read_text() if path.exists() else ""
    written = pulled(text, kind, stored)
    if written != text:
        path.write_text(written)
    return written != text


def _without_demo(
    kind: str, stored: Mapping[str, Mapping[str, Any]], files: Placed, demo: Placed
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what belongs into a kind's file: for a document of the demo, what stands there."""
    for document_id, document in stored.items():
        place = (kind, document_id)
        if document != demo.get(place):
            yield document_id, document
        elif place in files:
            yield document_id, files[place]


def push(
    world: World,
    documents: Placed,
    note: str,
    say: Callable[[str], object],
) -> list[str]:
    """Put each document that differs. Return why others were refused, a line for each mistake.

    documents: by kind and id. What is only in the deployment stays there.
    """
    waiting = {place: one for place, one in documents.items() if _differs(world, place, one)}
    refused: dict[tuple[str, str], list[str]] = {}
    before = len(waiting) + 1
    while len(waiting) < before:  # one may need another that comes later
        before = len(waiting)
        refused = {}
        for place, document in list(waiting.items()):
            try:
                after, warnings = world.editing.put(*place, document, author=AUTHOR, note=note)
            except (DocumentError, StateError) as error:
                mistakes = error.errors if isinstance(error, DocumentError) else ()
                refused[place] = [str(one) for one in mistakes] or [str(error)]
                continue
            del waiting[place]
            say(f"{name_of(*place)}: version {after.version}")
            for warning in warnings:
                say(f"  {warning}")
    for kind in FILES:
        for document_id in world.editing.every(kind).keys() - {one for _, one in documents}:
            say(f"{name_of(kind, document_id)}: only in the deployment, left as it is")
    return [f"{name_of(*place)}: {line}" for place, lines in refused.items() for line in lines]


def _differs(world: World, place: tuple[str, str], document: Mapping[str, Any]) -> bool:
    newest = world.editing.newest(*place)
    return newest is None or newest.deleted or newest.document != document


def pulled(text: str, kind: str, stored: Mapping[str, Any]) -> str:
    """Return the text of a file with what is stored in it: its comments, order and style stay.

    Raise YAMLError, DocumentError for a file that a deploy would refuse.
    """
    plain = YAML(typ="safe", pure=True).load(text)
    known = by_id({kind: plain}) if plain is not None else {}
    if {document_id: one for (_, document_id), one in known.items()} == stored:
        return text
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = COLUMNS
    file = yaml.load(text)
    if kind in SINGLE or kind in FOLDERS:
        file = _merge(file, next(iter(stored.values()), {}))
    else:
        file = _merge_each(file if file is not None else [], stored)
    written = io.StringIO()
    yaml.dump(file, written)
    return written.getvalue()


def _merge_each(file: list[Any], stored: Mapping[str, Any]) -> list[Any]:
    """Return a file's documents as they are stored: new ones last, those that are gone removed."""
    for at in reversed(range(len(file))):
        if file[at]["id"] in stored:
            file[at] = _merge(file[at], stored[file[at]["id"]])
        else:
            del file[at]
    known = {document["id"] for document in file}
    file.extend(_styled(stored[document_id]) for document_id in sorted(stored.keys() - known))
    return file


def _merge(old: Any, new: Any) -> Any:
    """Return a value in the place of an older one, whose comments and style it takes."""
    match old, new:
        case dict(), dict():
            for key in old.keys() - new.keys():
                del old[key]
            for key, value in new.items():
                old[key] = _merge(old[key], value) if key in old else _styled(value)
            return old
        case list(), list() if len(old) == len(new):
            for at, value in enumerate(new):
                old[at] = _merge(old[at], value)
            return old
        case _ if old == new and isinstance(old, bool) == isinstance(new, bool):
            return old
        case _:
            return _styled(new, old)


def _styled(new: Any, old: Any = None) -> Any:
    """Return a new value as it is written into a file: a text of many lines as a block of them."""
    if isinstance(new, dict):
        return {key: _styled(value) for key, value in new.items()}
    if isinstance(new, list):
        return [_styled(value) for value in new]
    if not isinstance(new, str):
        return new
    if not LINES.fullmatch(new):
        return DoubleQuotedScalarString(new)  # which escapes whatever is invisible
    if "\n" not in new:
        return new
    block = LiteralScalarString(new)
    block.comment = getattr(old, "comment", None)  # what stands behind it in the file
    return block


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.documents", description="Moves documents to files, or files to them."
    )
    parser.add_argument("direction", choices=["pull", "push"])
    add_stage(parser)
    parser.add_argument("--note", default="", help="with push: why, for the versions")
    parser.add_argument("--folder", type=Path, help="where the files are, else the defaults")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
