"""The JSON Schema of a scoring model's document, for editors and for programs that write one.

It says which keys there are and what they hold. Only `check` in format.py knows what a model must
not say although its shape is right, for example a threshold that no lead reaches.
"""

import json
from typing import Any

from pydantic import TypeAdapter

from chalicelib.authoring.example_shape import EXAMPLE_KINDS
from chalicelib.authoring.field_shape import ComparisonDocument
from chalicelib.authoring.shape import ModelDocument
from chalicelib.scoring.field_rules import Operator

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "A scoring model of Baton"
NULL = {"type": "null"}


def schema() -> dict[str, Any]:
    """Return the schema, draft 2020-12."""
    made = _tidy(TypeAdapter(ModelDocument).json_schema())
    parts = made["$defs"]
    of_rule = [operator for operator in Operator if operator is not Operator.ELSE]
    parts["ComparisonDocument"]["oneOf"] = _one_of(*ComparisonDocument.model_fields)
    parts["FactDocument"]["oneOf"] = _one_of(*of_rule)
    parts["TierDocument"]["oneOf"] = _one_of(*Operator)
    parts["FieldRuleDocument"]["oneOf"] = _one_of(*of_rule, "tiers", "all")
    parts["FieldRuleDocument"] |= {"if": {"required": ["all"]}, "else": {"required": ["field"]}}
    parts["FieldRuleDocument"]["anyOf"] = _one_of("points", "tiers", "disqualify")
    parts["ExampleEventDocument"]["oneOf"] = _one_of(*EXAMPLE_KINDS)
    return {"$schema": DRAFT, "title": TITLE, **made}


def as_text() -> str:
    """Return the schema as docs/model.schema.json holds it."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _one_of(*keys: str) -> list[dict[str, Any]]:
    return [{"required": [key]} for key in keys]


def _tidy(part: Any) -> Any:
    """Return a schema as its author would write it.

    A key that may be left out cannot be null, and titles, which only repeat names, are dropped.
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
