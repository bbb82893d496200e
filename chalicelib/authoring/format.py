"""The format of a scoring model's document: what may be written, what contradicts itself, what is
worth a warning.

Checked when a model is stored, never when it is read: the functions that score must start quickly.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.authoring import example_checks, names, parts
from chalicelib.authoring.contradictions import contradictions
from chalicelib.authoring.shape import ModelDocument
from chalicelib.authoring.warnings import warnings
from chalicelib.document import ERRORS_MAX, parse_document
from chalicelib.errors import DocumentError, FieldError
from chalicelib.limits import MODEL_STORED_MAX_BYTES
from chalicelib.scoring.model import Model, compiled

CHECKS = (*parts.CHECKS, *names.CHECKS, *example_checks.CHECKS)


def load(document: Mapping[str, Any], version: int) -> Model:
    """Check and compile a model document.

    document: as in defaults/model.yaml; version: the number under which it is stored.
    Raises DocumentError as `check` does.
    """
    check(document)
    return compiled(document, version)


def check(document: Mapping[str, Any]) -> Sequence[FieldError]:
    """Check a model's document. Returns the warnings: what is allowed, and probably not meant.

    Raises DocumentError naming each key outside the format and each wrong value; if there is none,
    each part that makes no sense and each unknown name; if there is none, each threshold that
    contradicts the rest of the model. All with their path and the remedy.
    """
    written = parse_document(ModelDocument, document)
    _refuse(too_large(document))
    _refuse(line for one in CHECKS for line in one(written))
    model = compiled(document, 0)
    _refuse(contradictions(model))
    return warnings(written, model)[:ERRORS_MAX]


def too_large(document: Mapping[str, Any]) -> Iterator[FieldError]:
    """A document that does not fit into its item."""
    stored = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    size = len(
        stored.encode(errors="surrogatepass")
    )  # a name with half a character in it is refused as a name
    if size > MODEL_STORED_MAX_BYTES:
        yield FieldError(
            "document",
            f"has {size:,} bytes, at most {MODEL_STORED_MAX_BYTES:,} fit; shorten lists or"
            " examples",
        )


def _refuse(found: Iterable[FieldError]) -> None:
    if errors := list(found)[:ERRORS_MAX]:
        raise DocumentError(errors=errors)
