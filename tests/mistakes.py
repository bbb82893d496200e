"""The default model with one mistake, as a marketer would make it, and the message about it."""

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
    """One mistake."""

    story: str
    """What the marketer did."""
    check: str
    """The name of the check that finds it."""
    edit: Edit
    says: str
    """The whole message, path first."""

    @property
    def document(self) -> Any:
        return edited(self.edit)


def edited(edit: Edit) -> Any:
    """Return the default document, edited."""
    document = deepcopy(model_document())
    edit(document)
    return document


def changed(*path: str | int, **keys: Any) -> dict[str, Any]:
    """Return the default document with keys set at a path."""
    return dict(edited(at(*path, **keys)))


def at(*path: str | int, **keys: Any) -> Edit:
    """Return an edit that sets keys at a path."""

    def edit(document: Any) -> None:
        for step in path:
            document = document[step]
        document.update(keys)

    return edit


def both(first: Edit, second: Edit) -> Edit:
    """Return an edit that makes two edits."""
    return lambda document: (first(document), second(document))


def refusal(document: Any) -> str:
    """Return why a document is refused: each error as `path: message`."""
    with pytest.raises(DocumentError) as refused:
        check(document)
    assert str(refused.value) == "; ".join(map(str, refused.value.errors))
    return str(refused.value)


def warned(document: Any) -> str:
    """Return the warnings about a document, each as `path: message`."""
    return "; ".join(map(str, check(document)))


def told(mistakes: list[Mistake]) -> pytest.MarkDecorator:
    """Parametrize a test with mistakes, each under its story."""
    return pytest.mark.parametrize("mistake", mistakes, ids=lambda mistake: mistake.story)
