"""The senders: SES for mail, SNS for texts and the handoff topic.

The SDK's own retries must be off for what sends: botocore repeats a send after a read time-out, and
SES has no idempotency token. What a failure means is decided here, in one table.
"""

from typing import TYPE_CHECKING, Any

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
# Not about the message but about us: a person has to mend it, and until then the message waits.
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
NOT_SENT = (ConnectTimeoutError, EndpointConnectionError)  # the request never reached the service


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
        self._ses, self._sns = ses, sns
        self._sender, self._configuration_set, self._topic_arn = (
            sender,
            configuration_set,
            topic_arn,
        )

    def send(self, message: Outgoing) -> SendResult:
        """Send one message, once."""
        try:
            return Sent(self._send(message))
        except ClientError as error:
            return _outcome(error)
        except NOT_SENT:
            return Throttled()
        except ParamValidationError:
            return Refused()
        except BotoCoreError:
            return Unclear()

    def _send(self, message: Outgoing) -> str:
        if isinstance(message, Email):
            return str(self._ses.send_email(**self._mail(message))["MessageId"])
        if isinstance(message, Sms):
            return str(self._sns.publish(PhoneNumber=message.to, Message=message.body)["MessageId"])
        answer = self._sns.publish(
            TopicArn=self._topic_arn, Subject=message.subject[:100], Message=message.body
        )
        return str(answer["MessageId"])

    def _mail(self, mail: Email) -> dict[str, Any]:
        body: dict[str, Any] = {"Text": _content(mail.text)}
        if mail.html:
            body["Html"] = _content(mail.html)
        request: dict[str, Any] = {
            "FromEmailAddress": self._sender,
            "Destination": {"ToAddresses": [mail.to]},
            "ConfigurationSetName": self._configuration_set,
            "EmailTags": [{"Name": MESSAGE_TAG, "Value": tag_of(mail.reference)}],
            "Content": {
                "Simple": {
                    "Subject": _content(mail.subject),
                    "Body": body,
                    "Headers": [
                        {"Name": name, "Value": value} for name, value in mail.headers.items()
                    ],
                }
            },
        }
        return request | ({"ReplyToAddresses": [mail.reply_to]} if mail.reply_to else {})


def connect(sender: str, configuration_set: str, topic_arn: str) -> Senders:
    """The senders in the account and region of the environment, with the SDK's own retries off."""
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
    return Senders(
        boto3.client("sesv2", config=once),
        boto3.client("sns", config=once),
        sender=sender,
        configuration_set=configuration_set,
        topic_arn=topic_arn,
    )


def _outcome(error: ClientError) -> SendResult:
    """What a service's refusal means: a throttle passes, an error of its own leaves it unclear, the
    rest is final.
    """
    code = error.response["Error"]["Code"]
    log("send_failed", code=code)
    if code in THROTTLES | OUTAGES:
        return Throttled()
    return (
        Unclear()
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= SERVER_ERROR
        else Refused()
    )


def _content(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
