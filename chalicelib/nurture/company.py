"""The settings: what the company's own texts say of it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from chalicelib.document import Document, needs, read_document

CompanyName = Annotated[
    str,
    Field(max_length=100, pattern=r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"),
    needs("one line of 1 to 100 characters is needed"),
]


class SettingsDocument(Document):
    """What a company sets for all of its emails."""

    company_name: CompanyName | None = None
    """What emails call the company: their variable `company_name`."""


def company_name(settings: Mapping[str, Any] | None) -> str:
    """Return what emails call the company, empty when nobody has said.

    settings: the stored document. Raise DocumentError when it breaks the format.
    """
    return read_document(SettingsDocument, settings).company_name or "" if settings else ""
