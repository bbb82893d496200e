"""Alarms on expressions."""

from collections.abc import Callable
from typing import Any

PLAIN = {
    "Namespace": "Baton",
    "MetricName": "lost",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 0,
    "EvaluationPeriods": 1,
    "Period": 60,
    "Statistic": "Sum",
}
MATH = {
    "Metrics": [{"Id": "e1", "Expression": "100 * m1 / m2", "ReturnData": True}],
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 1,
    "EvaluationPeriods": 1,
}


def alarms(first: Any, second: Any) -> dict[str, Any]:
    return {
        name: {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
        for name, properties in (("First", first), ("Second", second))
    }


def test_an_alarm_on_an_expression_deploys_beside_others(
    aws: Callable[[str], Any], deploy: Callable[..., tuple[str, dict[str, str]]]
) -> None:
    """It may become a plain one, and a plain one an expression."""
    status, ids = deploy(alarms(PLAIN, MATH))
    assert (status, names(aws) & set(ids.values())) == ("CREATE_COMPLETE", {ids["First"]})
    status, again = deploy(alarms(MATH, PLAIN), name=ids["stack"])
    assert (status, names(aws) & set(again.values())) == ("UPDATE_COMPLETE", {again["Second"]})


def names(aws: Callable[[str], Any]) -> set[str]:
    found = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"] for alarm in found}
