"""Scoring models that others have published, written as their authors mean them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.examples import run_examples
from chalicelib.authoring.format import check
from chalicelib.authoring.source import parse_source
from chalicelib.errors import DocumentError, FieldError
from chalicelib.scoring.compile import compile_model
from infra.paths import ROOT

MODELS = sorted((ROOT / "tests" / "models").glob("*.yaml"))
WARNS = re.compile(r"^# warns: (.*)$", re.M)


def document_of(path: Path) -> tuple[str, Any]:
    """The text of a model, and its document."""
    return parse_source(path.read_bytes())


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_published_model_says_what_its_author_means(path: Path) -> None:
    """Half of them were refused as first written, or could not say what they meant."""
    source, document = document_of(path)
    (listed,) = WARNS.findall(source)
    assert [one.field for one in check(document)] == listed.split(", ")
    results = run_examples(compile_model(document, 1), document["examples"])
    assert {one.name: one.differences() for one in results if not one.ok} == {}
    assert "http" in source.split("\nname:")[0]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_published_model_has_a_page_to_agree_on(path: Path) -> None:
    _, document = document_of(path)
    page = agreement(document)
    assert not re.search(r"\b(True|False|None)\b|\d\.0\b|\de\+\d", page)
    assert all(
        key.replace("-", " ") in page for rules in document["rules"].values() for key in rules
    )


@pytest.mark.parametrize("part", [0.1, 0.5])
@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_what_a_refusal_asks_for_passes(path: Path, part: float) -> None:
    """A bound of cooling that is too high for a way in is refused with the value that is not."""
    _, document = document_of(path)
    group = next(group for group in ("engagement", "fit") if group in document["groups"])
    document["stages"]["mql"]["cool_below"] = {group: document["groups"][group]["max"] * part}
    for error in refusals(document):
        mend(document, error)
    assert refusals(document) == []


def refusals(document: Any) -> Sequence[FieldError]:
    """Why a document is refused."""
    try:
        check(document)
    except DocumentError as refused:
        return refused.errors
    return []


def mend(document: Any, error: FieldError) -> None:
    """Do what a refusal asks for."""
    *steps, last = [int(step) if step.isdigit() else step for step in error.field.split(".")]
    place = document
    for step in steps:
        place = place[step]
    lower = re.search(r"lower it to ([\d.]+),", error.message)
    require = re.search(r"require (\w+) of at least ([\d.]+)$", error.message)
    if lower:
        place[last] = float(lower[1])
    elif require:
        place[last][require[1]] = float(require[2])
    else:
        raise AssertionError(error)
