"""The JSON Schema of a scoring model's document as it is written, for editors and for those who
write one by program.

It says which keys there are and what they hold. What a model must not say although its shape is
right (a threshold that no lead reaches, a signal that is not there) only `check` in format.py
knows.
"""

import json
from typing import Any

from pydantic import TypeAdapter

from chalicelib.authoring.shape import ModelDocument
from chalicelib.scoring.model import EXAMPLE_KINDS, OPERATORS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "A scoring model of Baton"
NULL = {"type": "null"}


def schema() -> dict[str, Any]:
    """The schema, draft 2020-12."""
    made = _tidy(TypeAdapter(ModelDocument).json_schema())
    parts = made["$defs"]
    parts["TierDocument"]["oneOf"] = _one_of(*OPERATORS)
    parts["FieldRuleDocument"]["oneOf"] = _one_of(*OPERATORS, "tiers")
    parts["FieldRuleDocument"]["anyOf"] = _one_of("points", "tiers", "disqualify")
    parts["ExampleEventDocument"]["oneOf"] = _one_of(*EXAMPLE_KINDS)
    return {"$schema": DRAFT, "title": TITLE, **made}


def as_text() -> str:
    """The schema as docs/model.schema.json holds it."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _one_of(*keys: str) -> list[dict[str, Any]]:
    return [{"required": [key]} for key in keys]


def _tidy(part: Any) -> Any:
    """A schema as its author would write it: a key that may be left out is not null, and titles
    only repeat names.
    """
    if isinstance(part, list):
        return [_tidy(one) for one in part if one != NULL]
    if not isinstance(part, dict):
        return " ".join(part.split()) if isinstance(part, str) else part
    kept = {
        key: _tidy(one)
        for key, one in part.items()
        if (key, one) != ("default", None) and key != "title"
    }
    if len(kept.get("anyOf", ())) == 1:
        kept |= kept.pop("anyOf")[0]
    if names := kept.pop("patternProperties", None):
        ((pattern, value),) = names.items()
        kept |= {"propertyNames": {"pattern": pattern}, "additionalProperties": value}
    return kept
