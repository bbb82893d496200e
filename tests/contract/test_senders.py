"""The senders: what the fake and the real ones share, and what each answer of a service means."""

from collections.abc import Callable, Iterator
from email.header import decode_header, make_header
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
from chalicelib.delivery.notices import TEXT_KINDS
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.references import tag_of
from chalicelib.delivery.refusals import WAITS_BY_REASON
from chalicelib.delivery.senders import EndUserMessaging, Senders, from_header, parse_sender
from chalicelib.delivery.webhooks import Webhooks
from tests.aws import mock_aws, session
from tests.fakes import FakeChats, FakeSenders
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
TEXT = Sms("+4930901821", "A lead asks to be contacted", "LEAD#handoff#1#sms")
TOPIC = SnsMessage("Handoff", '{"lead_id": "L"}')
CHAT = ChatMessage("https://hooks.slack.com/services/T0/B0/secret", '{"text": "A lead"}')


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
    return Senders(
        ses,
        sns,
        sender=SENDER,
        configuration_set="baton",
        topic_arn=topic_arn,
        webhooks=Webhooks(FakeChats().connect),
    )


@pytest.mark.parametrize(
    "message", [MAIL, TEXT, TOPIC, CHAT], ids=["mail", "text", "topic", "chat"]
)
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
def test_an_email_waits_for_an_unverified_sender() -> None:
    ses = session(REGION).client("sesv2", config=ONCE)
    sns = session(REGION).client("sns", config=ONCE)
    senders = Senders(
        ses, sns, sender="nobody@other.example", configuration_set="baton", topic_arn=""
    )
    assert senders.send(MAIL) == Waiting(NotSentReason.UNVERIFIED)


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
    ("TooManyRequestsException", 429, Waiting(NotSentReason.THROTTLED)),
    ("ThrottlingException", 400, Waiting(NotSentReason.THROTTLED)),
    ("Throttling", 400, Waiting(NotSentReason.THROTTLED)),
    ("Throttled", 429, Waiting(NotSentReason.THROTTLED)),
    ("KMSThrottling", 400, Waiting(NotSentReason.THROTTLED)),
    ("LimitExceededException", 400, Waiting(NotSentReason.OVER_QUOTA)),
    ("MessageRejected", 400, Refused()),
    ("BadRequestException", 400, Refused()),
    ("MailFromDomainNotVerifiedException", 400, Waiting(NotSentReason.UNVERIFIED)),
    ("AccountSuspendedException", 400, Waiting(NotSentReason.SUSPENDED)),
    ("SendingPausedException", 400, Waiting(NotSentReason.ACCOUNT_PAUSED)),
    ("NotFoundException", 404, Waiting(NotSentReason.MISCONFIGURED)),
    ("AccessDeniedException", 403, Waiting(NotSentReason.ACCESS_DENIED)),
    ("AuthorizationError", 403, Waiting(NotSentReason.ACCESS_DENIED)),
    ("ExpiredTokenException", 403, Waiting(NotSentReason.ACCESS_DENIED)),
    ("KMSAccessDenied", 400, Waiting(NotSentReason.ACCESS_DENIED)),
    ("RequestExpired", 400, Waiting(NotSentReason.ACCESS_DENIED)),
    ("ThrottledException", 400, Waiting(NotSentReason.THROTTLED)),
    ("RequestLimitExceeded", 400, Waiting(NotSentReason.THROTTLED)),
    ("NewCode", 401, Waiting(NotSentReason.ACCESS_DENIED)),
    ("NewCode", 403, Waiting(NotSentReason.ACCESS_DENIED)),
    ("NewCode", 404, Waiting(NotSentReason.MISCONFIGURED)),
    ("NewCode", 408, Waiting(NotSentReason.THROTTLED)),
    ("NewCode", 429, Waiting(NotSentReason.THROTTLED)),
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


WHO = "Email address is not verified. The following identities failed the check in region EU: "
DENIED = (
    "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ses:SendEmail on resource:"
    " arn:aws:ses:eu-central-1:1:identity/"
)
WORDS = [
    ("MessageRejected", WHO + "sam@keybook.example", NotSentReason.SANDBOX),
    ("MessageRejected", WHO + SENDER, NotSentReason.UNVERIFIED),
    ("MessageRejected", WHO + f"sam@keybook.example, {SENDER}", NotSentReason.UNVERIFIED),
    ("MessageRejected", "Email address is not verified.", NotSentReason.UNVERIFIED),
    ("MessageRejected", "Sending paused for this account.", NotSentReason.ACCOUNT_PAUSED),
    ("Throttling", "Daily message quota exceeded.", NotSentReason.OVER_QUOTA),
    ("TooManyRequestsException", "Daily message quota exceeded", NotSentReason.OVER_QUOTA),
    ("TooManyRequestsException", "Maximum sending rate exceeded.", NotSentReason.THROTTLED),
    ("AccessDeniedException", DENIED + "ann@acme.example", NotSentReason.SANDBOX),
    ("AccessDeniedException", DENIED + SENDER, NotSentReason.ACCESS_DENIED),
    ("AccessDeniedException", DENIED + "keybook.example", NotSentReason.ACCESS_DENIED),
    ("MessageRejected", WHO + "keybook.example", NotSentReason.UNVERIFIED),
    ("MessageRejected", WHO + f"jo{SENDER}", NotSentReason.SANDBOX),
    ("MessageRejected", WHO + f"{SENDER}.uk", NotSentReason.SANDBOX),
    ("MessageRejected", WHO + f"{SENDER}.", NotSentReason.UNVERIFIED),
    ("MessageRejected", "Sending has been suspended for this account", NotSentReason.SUSPENDED),
    (
        "BadRequestException",
        "Sending has been paused for this account",
        NotSentReason.ACCOUNT_PAUSED,
    ),
]


@pytest.mark.parametrize(("code", "words", "reason"), WORDS)
def test_a_state_of_our_account_is_told_by_its_words(
    code: str, words: str, reason: NotSentReason
) -> None:
    """A handoff of a first deployment, in the sandbox, was refused for good."""
    senders, ses, _ = stubbed()
    ses.add_client_error("send_email", service_error_code=code, service_message=words)
    assert senders.send(MAIL) == Waiting(reason)


def test_what_is_wrong_with_the_message_itself_is_refused() -> None:
    senders, ses, _ = stubbed()
    words = "Transaction failed: Missing final '@domain'"
    ses.add_client_error("send_email", service_error_code="MessageRejected", service_message=words)
    assert senders.send(MAIL) == Refused()


# --- who it is from -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "name", "address"),
    [
        ("ann@keybook.example", "", "ann@keybook.example"),
        ("Ann of Keybook <ann@keybook.example>", "Ann of Keybook", "ann@keybook.example"),
        ("Keybook, Ann <ann@keybook.example>", "Keybook, Ann", "ann@keybook.example"),
        ('"Keybook, Ann" <ann@keybook.example>', "Keybook, Ann", "ann@keybook.example"),
        ("Zoë Müller <zoe@keybook.example>", "Zoë Müller", "zoe@keybook.example"),
        ("李雷, 销售部 <li@keybook.example>", "李雷, 销售部", "li@keybook.example"),
        ("Ä" * 90 + " <a@keybook.example>", "Ä" * 90, "a@keybook.example"),
    ],
)
def test_a_sender_with_a_name_is_one_line_of_ascii(sender: str, name: str, address: str) -> None:
    header = from_header(sender)
    assert header.isascii()
    assert header.isprintable()
    assert max(map(len, header.split())) <= 75 + 2  # RFC 2047, and the angle brackets
    assert parse_sender(str(make_header(decode_header(header)))) == (name, address)


# --- texts ----------------------------------------------------------------------------------------


def test_a_text_by_sns_is_transactional() -> None:
    """SNS sends what has no type as promotional: last, and not at all to some numbers."""
    senders, _, sns = stubbed()
    kind = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
    wanted = {"PhoneNumber": TEXT.to, "Message": TEXT.body, "MessageAttributes": kind}
    sns.add_response("publish", {"MessageId": "t-1"}, wanted)
    assert senders.send(TEXT) == Sent("t-1")


def messaging() -> tuple[Senders, Stubber]:
    """Senders whose texts go by End User Messaging, held to botocore's own model of it."""
    client: Any = session(REGION).client("pinpoint-sms-voice-v2", config=ONCE)
    stub = Stubber(client)
    stub.activate()
    texts = EndUserMessaging(client=client, identity="pool-1", configuration_set="baton-texts")
    nothing: Any = None
    senders = Senders(
        nothing, nothing, sender=SENDER, configuration_set="baton", topic_arn="", texts=texts
    )
    return senders, stub


def test_a_text_by_end_user_messaging_carries_its_reference() -> None:
    senders, stub = messaging()
    wanted = {
        "DestinationPhoneNumber": TEXT.to,
        "OriginationIdentity": "pool-1",
        "MessageBody": TEXT.body,
        "MessageType": "TRANSACTIONAL",
        "ConfigurationSetName": "baton-texts",
        "Context": {"message": tag_of(TEXT.reference)},
    }
    stub.add_response("send_text_message", {"MessageId": "t-1"}, wanted)
    assert senders.send(TEXT) == Sent("t-1")
    stub.assert_no_pending_responses()


TEXT_ERRORS = [
    ("ThrottlingException", "", Waiting(NotSentReason.THROTTLED)),
    (
        "ServiceQuotaExceededException",
        "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT",
        Waiting(NotSentReason.OVER_QUOTA),
    ),
    ("AccessDeniedException", "ACCOUNT_DISABLED", Waiting(NotSentReason.SUSPENDED)),
    ("AccessDeniedException", "INSUFFICIENT_ACCOUNT_REPUTATION", Waiting(NotSentReason.SUSPENDED)),
    ("AccessDeniedException", "", Waiting(NotSentReason.ACCESS_DENIED)),
    ("ResourceNotFoundException", "", Waiting(NotSentReason.MISCONFIGURED)),
    ("ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED", Waiting(NotSentReason.SANDBOX)),
    ("ConflictException", "RESOURCE_NOT_ACTIVE", Waiting(NotSentReason.MISCONFIGURED)),
    ("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT", Refused()),
    ("ValidationException", "DESTINATION_COUNTRY_BLOCKED", Refused()),
    ("ValidationException", "SENDER_ID_NOT_REGISTERED", Waiting(NotSentReason.MISCONFIGURED)),
    ("InternalServerException", "", Unclear()),
]


@pytest.mark.parametrize(("code", "reason", "outcome"), TEXT_ERRORS)
def test_what_an_error_of_end_user_messaging_means(
    code: str, reason: str, outcome: SendResult
) -> None:
    senders, stub = messaging()
    status = 500 if code == "InternalServerException" else 400
    stub.add_client_error(
        "send_text_message",
        service_error_code=code,
        http_status_code=status,
        modeled_fields={"Reason": reason} if reason else {},
    )
    assert senders.send(TEXT) == outcome


def test_every_event_of_a_text_is_known() -> None:
    client: Any = session(REGION).client("pinpoint-sms-voice-v2", config=ONCE)
    shape = client.meta.service_model.operation_model("CreateEventDestination").input_shape
    kinds = {one for one in shape.members["MatchingEventTypes"].member.enum if one[:5] == "TEXT_"}
    assert kinds - {"TEXT_ALL"} == TEXT_KINDS.keys()


def test_each_second_word_is_one_of_end_user_messaging() -> None:
    client: Any = session(REGION).client("pinpoint-sms-voice-v2", config=ONCE)
    shapes = client.meta.service_model.operation_model("SendTextMessage").error_shapes
    known = {
        word
        for shape in shapes
        if "Reason" in shape.members
        for word in shape.members["Reason"].enum
    }
    assert WAITS_BY_REASON.keys() <= known


class BrokenWire:
    """A client whose every call ends in an exception of the wire."""

    def __init__(self, error: Exception) -> None:
        self.error, self.calls = error, 0

    def send_email(self, **_request: Any) -> Any:
        self.calls += 1
        raise self.error

    publish = send_email
    send_text_message = send_email


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ReadTimeoutError(endpoint_url="https://x"), Unclear()),
        (ConnectionClosedError(endpoint_url="https://x"), Unclear()),
        (HTTPClientError(error="reset"), Unclear()),
        (ConnectTimeoutError(endpoint_url="https://x"), Waiting(NotSentReason.OUTAGE)),
        (EndpointConnectionError(endpoint_url="https://x"), Waiting(NotSentReason.OUTAGE)),
    ],
)
def test_what_a_broken_wire_means(error: Exception, outcome: SendResult) -> None:
    wire: Any = BrokenWire(error)
    senders = Senders(wire, wire, sender=SENDER, configuration_set="baton", topic_arn="arn")
    assert [senders.send(message) for message in (MAIL, TEXT, TOPIC)] == [outcome] * 3
    assert wire.calls == 3


def test_the_fake_answers_as_set_and_keeps_what_it_took() -> None:
    fake = FakeSenders(answers=[Waiting(NotSentReason.OUTAGE), Refused()])
    assert [fake.send(MAIL), fake.send(TEXT), fake.send(TOPIC)] == [
        Waiting(NotSentReason.OUTAGE),
        Refused(),
        Sent("message-1"),
    ]
    assert fake.sent == [TOPIC]
