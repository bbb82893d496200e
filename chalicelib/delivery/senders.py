"""The senders: SES for email, SNS for text messages and the handoff topic.

The SDK's own retries must be off for what sends (ADR 0003): botocore repeats a send after a read
time-out, and SES has no idempotency token. What a failure means is decided here, in one table.
"""

from typing import TYPE_CHECKING, Any, assert_never

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
)

from chalicelib.delivery.messages import (
    Email,
    Outgoing,
    Refused,
    SendResult,
    Sent,
    Sms,
    SnsMessage,
    Throttled,
    Unclear,
)
from chalicelib.delivery.references import MESSAGE_TAG, tag_of
from chalicelib.telemetry import log

if TYPE_CHECKING:
    from mypy_boto3_sesv2.client import SESV2Client
    from mypy_boto3_sns.client import SNSClient

THROTTLES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "Throttled",
        "LimitExceededException",
    }
)
#: Not about the message but about us: a person has to mend it, and until then the message waits.
OUTAGES = frozenset(
    [
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "AccountSuspendedException",
        "SendingPausedException",
        "NotFoundException",
        "NotFound",
    ]
)
SERVER_ERROR = 500
SNS_SUBJECT_MAX_CHARS = 100
#: The request never reached the service.
NOT_SENT = (ConnectTimeoutError, EndpointConnectionError)


class Senders:
    """Gives a message to its service and says what came of it. Never raises for what a service
    answers.
    """

    def __init__(
        self,
        ses: "SESV2Client",
        sns: "SNSClient",
        *,
        sender: str,
        configuration_set: str,
        topic_arn: str,
    ) -> None:
        self._ses = ses
        self._sns = sns
        self._sender = sender
        self._configuration_set = configuration_set
        self._topic_arn = topic_arn

    def send(self, message: Outgoing) -> SendResult:
        """Send one message, once."""
        try:
            return Sent(self._send(message))
        except ClientError as error:
            return _result_of(error)
        except NOT_SENT:
            return Throttled()
        except ParamValidationError:
            return Refused()
        except BotoCoreError:
            return Unclear()

    def _send(self, message: Outgoing) -> str:
        """Give a message to its service, and return the service's id for it."""
        answer: Any
        match message:
            case Email():
                answer = self._ses.send_email(**self._request(message))
            case Sms():
                answer = self._sns.publish(PhoneNumber=message.to, Message=message.body)
            case SnsMessage():
                answer = self._sns.publish(
                    TopicArn=self._topic_arn,
                    Subject=message.subject[:SNS_SUBJECT_MAX_CHARS],
                    Message=message.body,
                )
            case _:
                assert_never(message)
        return str(answer["MessageId"])

    def _request(self, email: Email) -> dict[str, Any]:
        body: dict[str, Any] = {"Text": _content(email.text)}
        if email.html:
            body["Html"] = _content(email.html)
        request: dict[str, Any] = {
            "FromEmailAddress": self._sender,
            "Destination": {"ToAddresses": [email.to]},
            "ConfigurationSetName": self._configuration_set,
            "EmailTags": [{"Name": MESSAGE_TAG, "Value": tag_of(email.reference)}],
            "Content": {
                "Simple": {
                    "Subject": _content(email.subject),
                    "Body": body,
                    "Headers": [
                        {"Name": name, "Value": value} for name, value in email.headers.items()
                    ],
                }
            },
        }
        return request | ({"ReplyToAddresses": [email.reply_to]} if email.reply_to else {})


def connect_senders(*, sender: str, configuration_set: str, topic_arn: str) -> Senders:
    """Return the senders of the environment's account and region, with the SDK's retries off."""
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
    return Senders(
        boto3.client("sesv2", config=once),
        boto3.client("sns", config=once),
        sender=sender,
        configuration_set=configuration_set,
        topic_arn=topic_arn,
    )


def _result_of(error: ClientError) -> SendResult:
    """Return what a service's refusal means: a throttle passes, a failure on the service's side
    leaves it unclear, the rest is final.
    """
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    log("send_failed", code=code)
    if code in THROTTLES | OUTAGES:
        return Throttled()
    return Unclear() if status >= SERVER_ERROR else Refused()


def _content(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
