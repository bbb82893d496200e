"""The format of a scoring model's document: what may be written, and what is worth a warning.

Checked when a model is stored, never when it is read: the functions that score must start quickly
(ADR 0015).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.authoring.behaviour_checks import BEHAVIOUR_CHECKS
from chalicelib.authoring.contradictions import contradictions
from chalicelib.authoring.example_checks import EXAMPLE_CHECKS
from chalicelib.authoring.exclusion_checks import EXCLUSION_CHECKS
from chalicelib.authoring.fact_checks import FACT_CHECKS
from chalicelib.authoring.names import NAME_CHECKS
from chalicelib.authoring.parts import PART_CHECKS
from chalicelib.authoring.shape import ModelDocument
from chalicelib.authoring.signal_checks import SIGNAL_CHECKS
from chalicelib.authoring.warnings import warnings
from chalicelib.authoring.wishes import answer_to
from chalicelib.document import ERRORS_MAX, parse_document
from chalicelib.errors import DocumentError, FieldError
from chalicelib.limits import MODEL_STORED_MAX_BYTES
from chalicelib.scoring.compile import compile_model
from chalicelib.scoring.model import Model

DOCUMENT_CHECKS = (
    *PART_CHECKS,
    *SIGNAL_CHECKS,
    *BEHAVIOUR_CHECKS,
    *FACT_CHECKS,
    *NAME_CHECKS,
    *EXCLUSION_CHECKS,
    *EXAMPLE_CHECKS,
)


def load(document: Mapping[str, Any], version: int) -> Model:
    """Check and compile a model document.

    document: as in defaults/model.yaml; version: the number under which it is stored.
    Raises DocumentError as `check` does.
    """
    check(document)
    return compile_model(document, version)


def check(document: Mapping[str, Any]) -> Sequence[FieldError]:
    """Check a model's document. Return the warnings: what is allowed, but probably not meant.

    Raises DocumentError, with the path and the remedy of each mistake. Mistakes are looked for in
    three rounds, each only if the one before found none: keys outside the format and wrong values;
    parts that make no sense and unknown names; thresholds that contradict the rest of the model.
    """
    written = parse_document(ModelDocument, document, answer=answer_to)
    _refuse(too_large(document))
    _refuse(line for one in DOCUMENT_CHECKS for line in one(written))
    model = compile_model(document, 0)
    _refuse(contradictions(model))
    return warnings(written, model)[:ERRORS_MAX]


def too_large(document: Mapping[str, Any]) -> Iterator[FieldError]:
    """Refuse a document that does not fit into its item."""
    stored = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    # Half a character does not fail here: a name that has one is refused as a name.
    size = len(stored.encode(errors="surrogatepass"))
    if size > MODEL_STORED_MAX_BYTES:
        yield FieldError(
            "document",
            f"has {size:,} bytes, and at most {MODEL_STORED_MAX_BYTES:,} fit; shorten lists or"
            " examples",
        )


def _refuse(found: Iterable[FieldError]) -> None:
    if errors := list(found)[:ERRORS_MAX]:
        raise DocumentError(errors=errors)
