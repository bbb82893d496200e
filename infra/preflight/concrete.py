"""A template with its parameters put in, so that what is left is what CloudFormation would make.

Checkers read neither conditions nor values of parameters: they warn of a resource that is never
made, and pass one whose value is wrong only when it is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Values = Mapping[str, Any]
NO_VALUE = {"Ref": "AWS::NoValue"}


def concrete(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return a template for these parameters, the others at their defaults.

    It has no parameters, conditions or rules, and nothing whose condition does not hold.
    """
    values = _values(template, parameters)
    sections = {
        name: section
        for name, section in template.items()
        if name not in ("Parameters", "Conditions", "Rules")
    }
    for name in ("Resources", "Outputs"):
        sections[name] = {
            key: {what: value for what, value in one.items() if what != "Condition"}
            for key, one in template[name].items()
            if "Condition" not in one or _holds({"Condition": one["Condition"]}, template, values)
        }
    resolved: dict[str, Any] = _resolve(sections, template, values)
    return resolved


def broken_rules(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield the description of each assertion of the template's rules that does not hold."""
    values = _values(template, parameters)
    for rule in template["Rules"].values():
        for assertion in rule["Assertions"]:
            if not _holds(assertion["Assert"], template, values):
                yield assertion["AssertDescription"]


def _values(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Values:
    """Return each parameter's value, numbers as numbers. CloudFormation refuses what is none."""
    values = {}
    for name, declared in template["Parameters"].items():
        value = parameters.get(name, declared["Default"])
        is_number = declared["Type"] == "Number" and str(value).isdecimal()
        values[name] = int(value) if is_number else value
    return values


def _holds(condition: Mapping[str, Any], template: Mapping[str, Any], values: Values) -> bool:
    match condition:
        case {"Condition": name}:
            return _holds(template["Conditions"][name], template, values)
        case {"Fn::Equals": [one, other]}:
            return str(_resolve(one, template, values)) == str(_resolve(other, template, values))
        case {"Fn::Not": [one]}:
            return not _holds(one, template, values)
        case {"Fn::And": several}:
            return all(_holds(one, template, values) for one in several)
        case {"Fn::Or": several}:
            return any(_holds(one, template, values) for one in several)
    raise ValueError(f"an unknown condition: {condition}")


def _resolve(value: Any, template: Mapping[str, Any], values: Values) -> Any:
    match value:
        case {"Ref": name} if name in values:
            return values[name]
        case {"Fn::If": [name, yes, no]}:
            holds = _holds({"Condition": name}, template, values)
            return _resolve(yes if holds else no, template, values)
        case {"Fn::Sub": str() as text}:
            filled = _fill(text, values)
            return {"Fn::Sub": filled} if "${" in filled else filled
        case {"Fn::Sub": [text, more]}:
            return {"Fn::Sub": [_fill(text, values), _resolve(more, template, values)]}
        case dict():
            parts = ((key, _resolve(one, template, values)) for key, one in value.items())
            return {key: one for key, one in parts if one != NO_VALUE}
        case list():
            every = (_resolve(one, template, values) for one in value)
            return [one for one in every if one != NO_VALUE]
    return value


def _fill(text: str, values: Values) -> str:
    """Put parameters into a text; the references to resources stay."""
    return re.sub(r"\$\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), text)
