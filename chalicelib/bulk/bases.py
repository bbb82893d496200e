"""The column of an import that says on what it rests that we may write or call."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from chalicelib.consent.consent import BasisKind, Purpose
from chalicelib.errors import FieldError, InputError
from chalicelib.events import parse_time
from chalicelib.inputs.typed import Received, parse_as
from chalicelib.limits import REASON_MAX_CHARS

IMPORTED = "imported"


class ImportedBasis(Received):
    """A basis: its kind alone, or with how it is known and since when."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal[BasisKind.CONSENT, BasisKind.EXISTING_CUSTOMER]
    text: Annotated[str, Field(min_length=1, max_length=REASON_MAX_CHARS)] = IMPORTED
    at: datetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _kind_alone(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"kind": data}
        if isinstance(data, dict) and isinstance(data.get("at"), str):
            return {**data, "at": parse_time(data["at"])}
        return data


def parse_bases(column: Any) -> Mapping[Purpose, ImportedBasis]:
    """Return the basis of each purpose that a line names. Raise InputError naming the mistake."""
    if column is None:
        return {}
    if not isinstance(column, dict):
        words = f"must have keys of {', '.join(Purpose)}, each with a kind of basis"
        raise InputError(FieldError("basis", words))
    unknown = [name for name in column if name not in set(Purpose)]
    if unknown:
        words = f"there is no such purpose; the purposes are {', '.join(Purpose)}"
        raise InputError(*(FieldError(f"basis.{name}", words) for name in unknown))
    found = {}
    for name, said in column.items():
        try:
            found[Purpose(name)] = parse_as(ImportedBasis, said)
        except InputError as error:
            raise error.renamed(partial(_named, name)) from None
    return found


def _named(purpose: str, field: str) -> str:
    return f"basis.{purpose}.{field}"
