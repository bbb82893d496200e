"""What the local AWS has sent, read as its recipients get it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import boto3

from infra.deploy import Cloud, outputs
from infra.local.stack import Stack
from infra.local.waiting import look_for

ANSWER_S = 120
MAILS = "/_ministack/ses/messages"
MAIL_ACCOUNT = "/_ministack/ses/account"
TEXTS = "/_ministack/sns/sms-messages"


class Outgoing:
    """What the local SES and SNS have sent."""

    def __init__(self, stack: Stack) -> None:
        self._url = stack.aws_endpoint_url

    def report(self, kinds: list[str]) -> list[str]:
        """Let SES report only these kinds of events by itself. Return what it reported before."""
        url = self._url + MAIL_ACCOUNT
        before: list[str] = call_http(url)["reports"]
        call_http(url, body=json.dumps({"reports": kinds}).encode())
        return before

    def find(self, via: str, message_id: str) -> dict[str, Any] | None:
        """The mail or text of a message id, as its recipient gets it: subject and text."""
        email = via == "email"
        groups = call_http(self._url + (MAILS if email else TEXTS))[
            "messages" if email else "sms_messages"
        ]
        sent = (
            one for group in groups.values() for one in group
        )  # grouped by account, or by phone number
        found = next((one for one in sent if message_id in one["MessageId"]), None)
        if found is None:
            return None
        return (
            {"subject": found["Subject"], "text": found["BodyText"]}
            if email
            else {"text": found["Message"]}
        )


class TopicReader:
    """Listens to the handoff topic through a queue of its own, as a team's chat or CRM would."""

    def __init__(self, stack: Stack) -> None:
        cloud = Cloud(boto3.Session(region_name=stack.region), stack.aws_endpoint_url)
        self._sqs = cloud.client("sqs")
        sns = cloud.client("sns")
        topic = outputs(cloud.cloudformation(), stack.stack_name)["HandoffTopicArn"]
        self._queue = self._sqs.create_queue(QueueName=f"walk-{uuid4()}")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])[
            "Attributes"
        ]
        self._unsubscribe = sns.unsubscribe
        self._subscription = sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"], ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        self._read: dict[str, dict[str, Any]] = {}

    def read(self, message_id: str, looks: int) -> dict[str, Any] | None:
        """Return the topic message of an id."""
        look_for(lambda: message_id in self._receive(), looks)
        return self._read.get(message_id)

    def close(self) -> None:
        """Take the queue away again."""
        self._unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._queue)

    def _receive(self) -> Mapping[str, Any]:
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            notice = json.loads(message["Body"])
            headline = json.loads(notice["Message"])["headline"]
            self._read[notice["MessageId"]] = {"subject": notice.get("Subject"), "text": headline}
        return self._read


def call_http(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    method: str | None = None,
) -> Any:
    """Return the JSON that an address of the local stack answers.

    method: None for a POST of a body, and for a GET without one.
    """
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)
    # The address is the local stack's own.
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:  # nosec B310
        return json.loads(answer.read())
