"""What is to be known of a kind of document."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.document import Document
from chalicelib.errors import FieldError


def _nothing(*_: Any) -> Iterable[Any]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentKind:
    """A kind of document: its format, and what the format cannot see."""

    format: type[Document]
    is_single: bool = False
    """There is one document of the kind, and it has no id."""
    mistakes: Callable[[Any], Iterable[FieldError]] = _nothing
    """A document in its format -> why it is refused all the same, with paths and remedies."""
    needs: Callable[[Any], Iterable[FieldError]] = _nothing
    """A document in its format -> what must be said elsewhere first. Only a person is asked for it:
    the documents of a first deploy come before anybody can have said it."""
    warnings: Callable[[Any], Iterable[FieldError]] = _nothing
    """A document in its format -> what is allowed, and probably not meant."""
    overview: Callable[[], Mapping[str, Any]] = dict
    """What a list of the kind's documents says as well, by its keys."""
    users: Callable[[str], Iterable[str]] = _nothing
    """The id of a document -> who uses it, in words."""
