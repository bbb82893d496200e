"""The shape of the four sides of a scoring model's rules."""

from typing import Annotated, Any

from pydantic import Field, PlainValidator, ValidationInfo

from chalicelib.authoring.behaviour_shape import BehaviourRuleDocument, SilenceRuleDocument
from chalicelib.authoring.field_shape import FieldRuleDocument
from chalicelib.authoring.values import KeyName, ModelPart
from chalicelib.scoring.compile_fields import is_on_facts
from chalicelib.scoring.silence_rules import is_on_silence

RULES_MAX = 200  # of one side; the default has 21 on its longest

RuleDocument = FieldRuleDocument | BehaviourRuleDocument | SilenceRuleDocument


def _undesirable(rule: Any, info: ValidationInfo) -> RuleDocument:
    """Return an undesirable: with `field` or `all` a rule on facts, with `silence` one on silence,
    otherwise one on a signal.

    The shape is chosen first, so that its errors are about that shape only.
    """
    shape: type[RuleDocument] = BehaviourRuleDocument
    if isinstance(rule, dict) and is_on_facts(rule):
        shape = FieldRuleDocument
    elif isinstance(rule, dict) and is_on_silence(rule):
        shape = SilenceRuleDocument
    return shape.model_validate(rule, context=info.context)


Undesirable = Annotated[
    RuleDocument, PlainValidator(_undesirable, json_schema_input_type=RuleDocument)
]
_AtMost = Field(max_length=RULES_MAX)


class RulesDocument(ModelPart):
    """The four sides that marketing and sales agree on."""

    profile: Annotated[dict[KeyName, FieldRuleDocument], _AtMost] = {}
    """Who they are: rules on what is known of the person and the company."""
    channel: Annotated[dict[KeyName, FieldRuleDocument], _AtMost] = {}
    """Where they came from: rules on the first or the last touch."""
    actions: Annotated[dict[KeyName, BehaviourRuleDocument], _AtMost] = {}
    """What they do: rules on signals."""
    undesirables: Annotated[dict[KeyName, Undesirable], _AtMost] = {}
    """What speaks against them: rules on a `field`, on a signal, or on `silence`."""
