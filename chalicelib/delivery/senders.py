"""The senders: SES for email, SNS for the handoff topic, for texts SNS or End User Messaging, and
the webhooks of chats.

The SDK's own retries must be off for what sends (ADR 0003): botocore repeats a send after a read
time-out, and SES has no idempotency token. What a failure means is decided in refusals.py.
"""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any, assert_never

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from chalicelib.delivery.messages import (
    ChatMessage,
    Email,
    Outgoing,
    Refused,
    SendResult,
    Sent,
    Sms,
    SnsMessage,
    Unclear,
    Waiting,
)
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.references import MESSAGE_TAG, tag_of
from chalicelib.delivery.refusals import result_of
from chalicelib.delivery.webhooks import Webhooks
from chalicelib.telemetry import log

if TYPE_CHECKING:
    from mypy_boto3_sesv2.client import SESV2Client
    from mypy_boto3_sns.client import SNSClient

SNS_SUBJECT_MAX_CHARS = 100
#: SNS sends what has no type as promotional: last in the queue, and not at all to some numbers.
TRANSACTIONAL = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
#: The request never reached the service.
NOT_SENT = (ConnectTimeoutError, EndpointConnectionError)
SEND_CONNECT_SECONDS = 5
SEND_READ_SECONDS = 20
"""Of the one try that a message has; the function that sends has a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndUserMessaging:
    """AWS End User Messaging, which reports what became of a text."""

    client: Any
    """Of pinpoint-sms-voice-v2."""
    identity: str
    """The phone number, pool or sender id that texts come from: its id or ARN."""
    configuration_set: str
    """Reports what became of a text to the feedback topic."""


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
        texts: EndUserMessaging | None = None,
        webhooks: Webhooks | None = None,
    ) -> None:
        self._ses = ses
        self._sns = sns
        self._from = from_header(sender)
        self._sender = parse_sender(sender)[1]
        self._configuration_set = configuration_set
        self._topic_arn = topic_arn
        self._texts = texts
        """None: SNS sends the texts."""
        self._webhooks = webhooks or Webhooks()

    def send(self, message: Outgoing) -> SendResult:
        """Send one message, once."""
        if isinstance(message, ChatMessage):
            return self._webhooks.send(message)
        try:
            return Sent(self._send(message))
        except ClientError as error:
            log("send_failed", code=error.response["Error"]["Code"])
            return result_of(error.response, sender=self._sender)
        except NOT_SENT:
            return Waiting(NotSentReason.OUTAGE)
        except NoCredentialsError:
            return Waiting(NotSentReason.ACCESS_DENIED)
        except ParamValidationError:
            return Refused()
        except BotoCoreError:
            return Unclear()

    def _send(self, message: Email | Sms | SnsMessage) -> str:
        """Give a message to its service, and return the service's id for it."""
        answer: Any
        match message:
            case Email():
                answer = self._ses.send_email(**self._request(message))
            case Sms():
                return self._send_text(message)
            case SnsMessage():
                answer = self._sns.publish(
                    TopicArn=self._topic_arn,
                    Subject=message.subject[:SNS_SUBJECT_MAX_CHARS],
                    Message=message.body,
                )
            case _:
                assert_never(message)
        return str(answer["MessageId"])

    def _send_text(self, text: Sms) -> str:
        if self._texts is None:
            attributes: Any = TRANSACTIONAL
            published = self._sns.publish(
                PhoneNumber=text.to, Message=text.body, MessageAttributes=attributes
            )
            return published["MessageId"]
        answer = self._texts.client.send_text_message(
            DestinationPhoneNumber=text.to,
            OriginationIdentity=self._texts.identity,
            MessageBody=text.body,
            MessageType="TRANSACTIONAL",
            ConfigurationSetName=self._texts.configuration_set,
            Context={MESSAGE_TAG: tag_of(text.reference)},
        )
        return str(answer["MessageId"])

    def _request(self, email: Email) -> dict[str, Any]:
        body: dict[str, Any] = {"Text": _content(email.text)}
        if email.html:
            body["Html"] = _content(email.html)
        request: dict[str, Any] = {
            "FromEmailAddress": self._from_of(email),
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

    def _from_of(self, email: Email) -> str:
        """Return the header with the name of whoever writes, at the deployment's own address."""
        name = " ".join((email.from_name or "").split())
        return from_header(f"{name} <{self._sender}>") if name else self._from


def parse_sender(sender: str) -> tuple[str, str]:
    """Return the name, which may be empty, and the address of a sender.

    sender: as the template's parameter takes it, `Ann of Keybook <ann@keybook.example>` or an
    address alone. A name with a comma needs no quotes there, as it would in a header.
    """
    name, _, address = sender.rpartition("<")
    return name.strip().strip('"'), address.strip().removesuffix(">")


def from_header(sender: str) -> str:
    """Return a sender as one line of ASCII, its name quoted as RFC 5322 and encoded as RFC 2047
    says.
    """
    name, address = parse_sender(sender)
    if not name:
        return address
    headers = EmailMessage(policy=SMTP)
    headers["From"] = Address(name, addr_spec=address)
    return "".join(headers.as_string().splitlines()).removeprefix("From:").strip()


def connect_senders(
    *,
    sender: str,
    configuration_set: str,
    topic_arn: str,
    text_identity: str,
    text_configuration_set: str,
) -> Senders:
    """Return the senders of the environment's account and region, with the SDK's retries off.

    text_identity: what texts come from in End User Messaging; empty: SNS sends them.
    """
    once = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=SEND_CONNECT_SECONDS,
        read_timeout=SEND_READ_SECONDS,
    )
    texts = None
    if text_identity:
        client: Any = boto3.client("pinpoint-sms-voice-v2", config=once)
        texts = EndUserMessaging(
            client=client, identity=text_identity, configuration_set=text_configuration_set
        )
    return Senders(
        boto3.client("sesv2", config=once),
        boto3.client("sns", config=once),
        sender=sender,
        configuration_set=configuration_set,
        topic_arn=topic_arn,
        texts=texts,
    )


def _content(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
