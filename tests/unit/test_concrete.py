"""Parameters put into a template: what is left is what CloudFormation would make."""

from typing import Any

import pytest

from infra.preflight.concrete import broken_rules, concrete

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "dev"},
        "Email": {"Type": "String", "Default": ""},
        "Share": {"Type": "Number", "Default": 5},
    },
    "Rules": {
        "OnlyWithEmail": {
            "Assertions": [
                {
                    "Assert": {
                        "Fn::Or": [
                            {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
                            {"Fn::Not": [{"Fn::Equals": [{"Ref": "Email"}, ""]}]},
                        ]
                    },
                    "AssertDescription": "Outside dev, Email is given.",
                }
            ]
        }
    },
    "Conditions": {
        "HasEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Email"}, ""]}]},
        "HasShare": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Share"}, 0]}]},
        "HasBoth": {"Fn::And": [{"Condition": "HasEmail"}, {"Condition": "HasShare"}]},
    },
    "Resources": {
        "Function": {
            "Properties": {
                "Share": {"Fn::If": ["HasShare", {"Ref": "Share"}, {"Ref": "AWS::NoValue"}]},
                "List": [{"Fn::If": ["HasEmail", {"Ref": "Email"}, {"Ref": "AWS::NoValue"}]}, "x"],
                "Name": {"Fn::Sub": "${Stage}-x"},
                "Arn": {"Fn::Sub": "arn:${AWS::Partition}:${Stage}:${Other.Arn}"},
                "More": {"Fn::Sub": ["${Stage}-${It}", {"It": {"Ref": "Stage"}}]},
                "Other": {"Ref": "Other"},
            }
        },
        "Subscription": {"Condition": "HasEmail", "Properties": {"Endpoint": {"Ref": "Email"}}},
        "Both": {"Condition": "HasBoth"},
    },
    "Outputs": {"Email": {"Condition": "HasEmail", "Value": {"Ref": "Email"}}},
}


def test_what_has_no_value_is_left_out() -> None:
    made = concrete(TEMPLATE, {"Share": "0"})
    assert made.keys() == {"Resources", "Outputs"}
    assert made["Outputs"] == {}
    assert made["Resources"] == {
        "Function": {
            "Properties": {
                "List": ["x"],
                "Name": "dev-x",
                "Arn": {"Fn::Sub": "arn:${AWS::Partition}:dev:${Other.Arn}"},
                "More": {"Fn::Sub": ["dev-${It}", {"It": "dev"}]},
                "Other": {"Ref": "Other"},
            }
        }
    }


def test_what_is_given_is_put_in() -> None:
    made = concrete(TEMPLATE, {"Email": "a@b.example"})
    assert made["Resources"]["Function"]["Properties"]["Share"] == 5
    assert made["Resources"]["Function"]["Properties"]["List"] == ["a@b.example", "x"]
    assert made["Resources"]["Subscription"] == {"Properties": {"Endpoint": "a@b.example"}}
    assert made["Resources"]["Both"] == {}
    assert made["Outputs"] == {"Email": {"Value": "a@b.example"}}


@pytest.mark.parametrize(
    ("given", "broken"),
    [
        ({}, []),
        ({"Stage": "prod"}, ["Outside dev, Email is given."]),
        ({"Stage": "prod", "Email": "a@b.example"}, []),
    ],
)
def test_a_broken_rule_is_told(given: dict[str, str], broken: list[str]) -> None:
    assert list(broken_rules(TEMPLATE, given)) == broken


def test_a_number_that_is_none_is_left_to_cloudformation() -> None:
    made = concrete(TEMPLATE, {"Share": "many"})
    assert made["Resources"]["Function"]["Properties"]["Share"] == "many"


def test_an_unknown_condition_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="an unknown condition"):
        concrete({**TEMPLATE, "Conditions": {"HasEmail": {"Fn::Contains": []}}}, {})
