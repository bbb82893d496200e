"""A notification without a subject."""

from collections.abc import Callable
from typing import Any

from tests.emulator.conftest import Function


def test_a_notification_always_has_its_empty_keys(
    aws: Callable[[str], Any], function: Callable[[str], Function]
) -> None:
    # "Invoking Lambda functions with SNS": the sample event has both keys.
    client = aws("sns")
    topic = client.create_topic(Name="listened")["TopicArn"]
    listener = function("")
    client.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=listener.arn)
    client.publish(TopicArn=topic, Message="hello")
    (event,) = listener.wait_for(1)
    (record,) = event["Records"]
    assert record["Sns"]["Message"] == "hello"
    assert (record["Sns"]["Subject"], record["Sns"]["MessageAttributes"]) == (None, {})
