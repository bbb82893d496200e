"""The default model with one mistake in it, as a marketer would make it, and what is said to it."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.authoring.format import check
from chalicelib.errors import DocumentError
from tests.baton import model_document

Edit = Callable[[Any], object]


@dataclass(frozen=True)
class Mistake:
    """story: what the marketer did; check: the name of the check that minds; says: all that is
    said, path first.
    """

    story: str
    check: str
    edit: Edit
    says: str

    @property
    def document(self) -> Any:
        return edited(self.edit)


def edited(edit: Edit) -> Any:
    """The default document, edited."""
    document = deepcopy(model_document())
    edit(document)
    return document


def changed(*path: str | int, **keys: Any) -> dict[str, Any]:
    """The default document with keys set at a path."""
    return dict(edited(at(*path, **keys)))


def at(*path: str | int, **keys: Any) -> Edit:
    """An edit: keys set at a path."""

    def edit(document: Any) -> None:
        for step in path:
            document = document[step]
        document.update(keys)

    return edit


def refusal(document: Any) -> str:
    """What is said to a document that is refused: each error as `path: message`."""
    with pytest.raises(DocumentError) as refused:
        check(document)
    assert str(refused.value) == "; ".join(map(str, refused.value.errors))
    return str(refused.value)


def warned(document: Any) -> str:
    """The warnings to a document, each as `path: message`."""
    return "; ".join(map(str, check(document)))


def told(mistakes: list[Mistake]) -> pytest.MarkDecorator:
    """The mistakes as a test's parameters, each under its story."""
    return pytest.mark.parametrize("mistake", mistakes, ids=lambda mistake: mistake.story)
