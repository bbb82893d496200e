"""The settings: what the company's own texts say of it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from chalicelib.document import Document, parse_document


class SettingsDocument(Document):
    """What a company sets for all of its emails."""

    company_name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S.*$")] | None = (
        None
    )
    """What emails call the company: their variable `company_name`."""


def company_name(settings: Mapping[str, Any] | None) -> str:
    """Return what emails call the company, empty when nobody has said.

    settings: the stored document. Raise DocumentError when it breaks the format.
    """
    return parse_document(SettingsDocument, settings).company_name or "" if settings else ""
