"""Scoring models that others have published, written as their authors mean them."""

import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.authoring.agreement import agreement
from chalicelib.authoring.examples import run_examples
from chalicelib.authoring.format import check
from chalicelib.authoring.source import parse_source
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
