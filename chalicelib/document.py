"""Stored documents: what marketers and sales managers own. A key outside a document's format is refused."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from chalicelib.errors import DocumentError

Parsed = TypeVar("Parsed", bound=BaseModel)


class Document(BaseModel):
    """A document, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def parse_document(kind: type[Parsed], stored: Mapping[str, Any]) -> Parsed:
    """The document of what is stored. Raises DocumentError naming each key that breaks the format, with its path."""
    try:
        return kind.model_validate(stored)
    except ValidationError as error:
        lines = (
            f"{'.'.join(str(part) for part in one['loc']) or 'document'}: {one['msg']}"
            for one in error.errors(include_url=False)
        )
        raise DocumentError("; ".join(lines)) from None
