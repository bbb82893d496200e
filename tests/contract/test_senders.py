"""The senders: what the fake and the real ones share, and what each answer of a service means."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends

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
from chalicelib.delivery.references import tag_of
from chalicelib.delivery.senders import Senders
from tests.aws import mock_aws, session
from tests.fakes import FakeSenders
from tests.moto_table import REGION

SENDER = "baton@keybook.example"
ONCE = Config(retries={"total_max_attempts": 1})
MAIL = Email(
    to="ann@acme.example",
    subject="Hello Ünn",
    text="text",
    html="<p>html</p>",
    reply_to="sam@keybook.example",
    reference="LEAD#nurture#1#welcome#1",
    headers={"List-Unsubscribe": "<https://api.keybook.example/u/t>"},
)
TEXT = Sms("+4930901821", "A lead asks to be contacted")
TOPIC = SnsMessage("Handoff", '{"lead_id": "L"}')


@pytest.fixture(params=["fake", "moto"])
def send(request: pytest.FixtureRequest) -> Iterator[Callable[[Outgoing], SendResult]]:
    """A sender that is ready to send."""
    if request.param == "fake":
        yield FakeSenders().send
        return
    with mock_aws():
        yield real_senders().send


def real_senders() -> Senders:
    ses = session(REGION).client("sesv2", config=ONCE)
    sns = session(REGION).client("sns", config=ONCE)
    ses.create_email_identity(EmailIdentity=SENDER)
    ses.create_configuration_set(ConfigurationSetName="baton")
    topic_arn = sns.create_topic(Name="handoffs")["TopicArn"]
    return Senders(ses, sns, sender=SENDER, configuration_set="baton", topic_arn=topic_arn)


@pytest.mark.parametrize("message", [MAIL, TEXT, TOPIC], ids=["mail", "text", "topic"])
def test_what_is_sent_has_an_id_of_its_own(
    send: Callable[[Outgoing], SendResult], message: Outgoing
) -> None:
    first, second = send(message), send(message)
    assert isinstance(first, Sent)
    assert isinstance(second, Sent)
    assert first.message_id
    assert first.message_id != second.message_id


@mock_aws
def test_each_message_reaches_its_service() -> None:
    senders = real_senders()
    for message in (MAIL, TEXT, TOPIC):
        assert isinstance(senders.send(message), Sent)
    (mail,) = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    topics = sns_backends[DEFAULT_ACCOUNT_ID][REGION]
    assert mail.destinations["ToAddresses"] == [MAIL.to]
    assert [(number, body) for number, body in topics.sms_messages.values()] == [
        (TEXT.to, TEXT.body)
    ]
    (topic,) = topics.topics.values()
    assert [(sent[1], sent[2]) for sent in topic.sent_notifications] == [
        (TOPIC.body, TOPIC.subject)
    ]


@mock_aws
def test_an_unverified_sender_is_refused() -> None:
    ses = session(REGION).client("sesv2", config=ONCE)
    sns = session(REGION).client("sns", config=ONCE)
    senders = Senders(
        ses, sns, sender="nobody@other.example", configuration_set="baton", topic_arn=""
    )
    assert senders.send(MAIL) == Refused()


# --- what the services are asked, and what their answers mean -------------------------------------


def stubbed() -> tuple[Senders, Stubber, Stubber]:
    ses: Any = session(REGION).client("sesv2", config=ONCE)
    sns: Any = session(REGION).client("sns", config=ONCE)
    ses_stub, sns_stub = Stubber(ses), Stubber(sns)
    ses_stub.activate()
    sns_stub.activate()
    senders = Senders(
        ses, sns, sender=SENDER, configuration_set="baton", topic_arn="arn:aws:sns:x:1:handoffs"
    )
    return senders, ses_stub, sns_stub


def test_a_mail_carries_its_reference_its_headers_and_both_bodies() -> None:
    senders, ses, _ = stubbed()
    ses.add_response(
        "send_email",
        {"MessageId": "m-1"},
        {
            "FromEmailAddress": SENDER,
            "Destination": {"ToAddresses": ["ann@acme.example"]},
            "ReplyToAddresses": ["sam@keybook.example"],
            "ConfigurationSetName": "baton",
            "EmailTags": [{"Name": "message", "Value": tag_of(MAIL.reference)}],
            "Content": {
                "Simple": {
                    "Subject": {"Data": "Hello Ünn", "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": "text", "Charset": "UTF-8"},
                        "Html": {"Data": "<p>html</p>", "Charset": "UTF-8"},
                    },
                    "Headers": [
                        {"Name": "List-Unsubscribe", "Value": "<https://api.keybook.example/u/t>"}
                    ],
                }
            },
        },
    )
    assert senders.send(MAIL) == Sent("m-1")
    ses.assert_no_pending_responses()


def test_a_topics_subject_is_cut_to_what_sns_takes() -> None:
    senders, _, sns = stubbed()
    wanted = {"TopicArn": "arn:aws:sns:x:1:handoffs", "Subject": "s" * 100, "Message": "{}"}
    sns.add_response("publish", {"MessageId": "m-2"}, wanted)
    assert senders.send(SnsMessage("s" * 150, "{}")) == Sent("m-2")


OUTCOMES = [
    ("TooManyRequestsException", 429, Throttled()),
    ("ThrottlingException", 400, Throttled()),
    ("Throttling", 400, Throttled()),
    ("Throttled", 429, Throttled()),
    ("LimitExceededException", 400, Throttled()),
    ("MessageRejected", 400, Refused()),
    ("MailFromDomainNotVerifiedException", 400, Refused()),
    ("AccountSuspendedException", 400, Throttled()),
    ("NotFoundException", 404, Throttled()),
    ("AuthorizationError", 403, Throttled()),
    ("InvalidParameter", 400, Refused()),
    ("InternalFailure", 500, Unclear()),
    ("ServiceUnavailable", 503, Unclear()),
]


@pytest.mark.parametrize(("code", "status", "outcome"), OUTCOMES)
@pytest.mark.parametrize("message", [MAIL, TEXT, TOPIC], ids=["mail", "text", "topic"])
def test_what_a_services_error_means(
    message: Outgoing, code: str, status: int, outcome: SendResult
) -> None:
    senders, ses, sns = stubbed()
    stub, operation = (ses, "send_email") if message is MAIL else (sns, "publish")
    stub.add_client_error(operation, service_error_code=code, http_status_code=status)
    assert senders.send(message) == outcome


class BrokenWire:
    """A client whose every call ends in an exception of the wire."""

    def __init__(self, error: Exception) -> None:
        self.error, self.calls = error, 0

    def send_email(self, **_request: Any) -> Any:
        self.calls += 1
        raise self.error

    publish = send_email


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ReadTimeoutError(endpoint_url="https://x"), Unclear()),
        (ConnectionClosedError(endpoint_url="https://x"), Unclear()),
        (HTTPClientError(error="reset"), Unclear()),
        (ConnectTimeoutError(endpoint_url="https://x"), Throttled()),
        (EndpointConnectionError(endpoint_url="https://x"), Throttled()),
    ],
)
def test_what_a_broken_wire_means(error: Exception, outcome: SendResult) -> None:
    wire: Any = BrokenWire(error)
    senders = Senders(wire, wire, sender=SENDER, configuration_set="baton", topic_arn="arn")
    assert [senders.send(message) for message in (MAIL, TEXT, TOPIC)] == [outcome] * 3
    assert wire.calls == 3


def test_the_fake_answers_as_it_is_told_and_keeps_only_what_it_took() -> None:
    fake = FakeSenders(answers=[Throttled(), Refused()])
    assert [fake.send(MAIL), fake.send(TEXT), fake.send(TOPIC)] == [
        Throttled(),
        Refused(),
        Sent("message-1"),
    ]
    assert fake.sent == [TOPIC]
