"""What SES keeps of an email, when it refuses one, and what it reports."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.waiting import look_for
from tests.emulator.conftest import Function

Aws = Callable[[str], Any]
SENDER = "hello@baton.example"
ANN = "ann@acme.example"
DAY_S = 24 * 60 * 60
ALL_TYPES = [
    "SEND",
    "DELIVERY",
    "BOUNCE",
    "COMPLAINT",
    "REJECT",
    "RENDERING_FAILURE",
    "DELIVERY_DELAY",
    "OPEN",
    "CLICK",
    "SUBSCRIPTION",
]


class Mail:
    """SES, with a configuration set that publishes events to a function."""

    def __init__(self, url: str, client: Any, topic: str, listener: Function) -> None:
        self.client = client
        self.topic = topic
        self._url = url
        self._listener = listener

    def send(self, *to: str, settings: str = "mail", **more: Any) -> str:
        """Send an email, and return its id."""
        simple = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hello"}}}
        simple |= {"Headers": [{"Name": "List-Unsubscribe", "Value": "<https://u.example>"}]}
        sent = self.client.send_email(
            FromEmailAddress=f"Baton <{SENDER}>",
            Destination={"ToAddresses": list(to)},
            ConfigurationSetName=settings,
            EmailTags=[{"Name": "message", "Value": "m1"}],
            Content={"Simple": simple},
            **more,
        )
        return str(sent["MessageId"])

    def refusal(self, *to: str, **more: Any) -> tuple[str, int]:
        """Code and status of the refusal to send."""
        with pytest.raises(ClientError) as refused:
            self.send(*to, **more)
        answer = refused.value.response
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]

    def control(self, path: str, data: Any) -> Any:
        """Do what only a test may do."""
        request = urllib.request.Request(
            f"{self._url}/_ministack/ses/{path}", json.dumps(data).encode(), method="POST"
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def shown(self, message_id: str) -> Any:
        """An email at `/_ministack/ses/messages`."""
        with urllib.request.urlopen(f"{self._url}/_ministack/ses/messages") as answer:
            groups = json.loads(answer.read())["messages"].values()
        return next(one for group in groups for one in group if one["MessageId"] == message_id)

    def events(self, message_id: str, number: int) -> dict[str, Any]:
        """So many events of an email by their types, once they have been published."""

        def of_email() -> list[Any]:
            all_events = [
                json.loads(one["Records"][0]["Sns"]["Message"]) for one in self._listener.events()
            ]
            return [one for one in all_events if one["mail"]["messageId"] == message_id]

        assert look_for(lambda: len(of_email()) >= number), of_email()
        return {one["eventType"]: one for one in of_email()}


@pytest.fixture(scope="module")
def topic(aws: Aws, function: Callable[[str], Function]) -> tuple[str, Function]:
    """A topic, and the function that listens to it."""
    arn = aws("sns").create_topic(Name="feedback")["TopicArn"]
    listener = function("")
    aws("sns").subscribe(TopicArn=arn, Protocol="lambda", Endpoint=listener.arn)
    return arn, listener


@pytest.fixture
def mail(emulator: str, aws: Aws, topic: tuple[str, Function]) -> Iterator[Mail]:
    client = aws("sesv2")
    client.create_email_identity(EmailIdentity=SENDER)
    client.create_configuration_set(ConfigurationSetName="mail")
    client.create_configuration_set_event_destination(
        ConfigurationSetName="mail",
        EventDestinationName="topic",
        EventDestination=destination(topic[0], ALL_TYPES),
    )
    post = Mail(emulator, client, *topic)
    before = post.control("account", {})
    post.control("account", {"delivery_after_s": 0})
    yield post
    post.control("account", before)
    client.delete_configuration_set(ConfigurationSetName="mail")


def destination(topic: str, types: list[str]) -> dict[str, Any]:
    topics = {"TopicArn": topic}
    return {"Enabled": True, "MatchingEventTypes": types, "SnsDestination": topics}


# --- what is kept ---------------------------------------------------------------------------------


def test_an_email_keeps_its_headers_reply_to_and_tags(mail: Mail) -> None:
    # SendEmail, Message: Headers; ReplyToAddresses; EmailTags.
    shown = mail.shown(mail.send(ANN, ReplyToAddresses=["sam@baton.example"]))
    assert shown["Source"] == f"Baton <{SENDER}>"
    assert shown["ReplyTo"] == ["sam@baton.example"]
    assert shown["Headers"] == [{"Name": "List-Unsubscribe", "Value": "<https://u.example>"}]
    assert shown["Tags"] == [{"Name": "message", "Value": "m1"}]
    assert shown["ConfigurationSetName"] == "mail"


# --- when SES refuses -----------------------------------------------------------------------------


def test_the_quota_counts_the_recipients_of_a_day(mail: Mail) -> None:
    # "Sending quotas are based on recipients rather than on messages", over 24 hours that roll.
    mail.control("account", {"clock_ahead_s": 2 * DAY_S})
    mail.control("account", {"quota": 3})
    mail.send(ANN, "ben@acme.example")
    mail.send(ANN)
    quota = mail.client.get_account()["SendQuota"]
    assert (quota["Max24HourSend"], quota["SentLast24Hours"]) == (3, 3)
    assert mail.refusal(ANN) == ("ThrottlingException", 400)
    mail.control("account", {"clock_ahead_s": 3 * DAY_S + 1})
    mail.send(ANN)


def test_a_paused_account_refuses_until_it_is_resumed(mail: Mail) -> None:
    mail.client.put_account_sending_attributes(SendingEnabled=False)
    assert mail.client.get_account()["SendingEnabled"] is False
    assert mail.refusal(ANN) == ("SendingPausedException", 400)
    mail.client.put_account_sending_attributes(SendingEnabled=True)
    mail.send(ANN)
    mail.control("account", {"paused": True})
    assert mail.refusal(ANN) == ("SendingPausedException", 400)


@pytest.mark.parametrize(
    ("setting", "refusal"),
    [
        ("suspended", ("AccountSuspendedException", 400)),
        ("denied", ("AccessDeniedException", 403)),
    ],
)
def test_an_account_may_be_suspended_or_denied(
    mail: Mail, setting: str, refusal: tuple[str, int]
) -> None:
    mail.control("account", {setting: True})
    assert mail.refusal(ANN) == refusal
    health = mail.client.get_account()["EnforcementStatus"]
    assert health == ("SHUTDOWN" if setting == "suspended" else "HEALTHY")
    mail.control("account", {setting: False})
    mail.send(ANN)


def test_a_paused_configuration_set_refuses(mail: Mail) -> None:
    mail.client.put_configuration_set_sending_options(
        ConfigurationSetName="mail", SendingEnabled=False
    )
    assert mail.refusal(ANN) == ("SendingPausedException", 400)


def test_an_unknown_configuration_set_is_not_found(mail: Mail) -> None:
    assert mail.refusal(ANN, settings="none") == ("NotFoundException", 404)


def test_the_sandbox_reaches_verified_recipients_only(mail: Mail) -> None:
    mail.control("account", {"sandbox": True})
    assert mail.client.get_account()["ProductionAccessEnabled"] is False
    assert mail.refusal(ANN) == ("MessageRejected", 400)
    mail.send(SENDER)
    mail.control("account", {"sandbox": False})
    mail.send(ANN)


@pytest.mark.parametrize("identity", [SENDER, "baton.example"])
def test_an_identity_may_lose_its_verification(mail: Mail, identity: str) -> None:
    mail.control("account", {"unverified": [identity]})
    assert mail.refusal(ANN) == ("MessageRejected", 400)
    found = mail.client.get_email_identity(EmailIdentity=SENDER)
    assert found["VerifiedForSendingStatus"] is (identity != SENDER)
    mail.control("account", {"unverified": []})
    mail.send(ANN)


def test_the_suppression_list_is_the_accounts(mail: Mail) -> None:
    mail.client.put_suppressed_destination(EmailAddress="Ann@acme.example", Reason="COMPLAINT")
    found = mail.client.get_suppressed_destination(EmailAddress=ANN)["SuppressedDestination"]
    assert (found["EmailAddress"], found["Reason"]) == (ANN, "COMPLAINT")
    listed = mail.client.list_suppressed_destinations()["SuppressedDestinationSummaries"]
    assert [one["EmailAddress"] for one in listed] == [ANN]
    mail.client.delete_suppressed_destination(EmailAddress=ANN)
    with pytest.raises(mail.client.exceptions.NotFoundException):
        mail.client.get_suppressed_destination(EmailAddress=ANN)


def test_a_setting_that_does_not_exist_is_refused(mail: Mail) -> None:
    with pytest.raises(urllib.error.HTTPError):
        mail.control("account", {"qouta": 1})


# --- what SES reports -----------------------------------------------------------------------------


def test_ses_reports_send_and_delivery_by_itself(mail: Mail) -> None:
    # "Contents of event data that Amazon SES publishes to Amazon SNS".
    message_id = mail.send(ANN, ReplyToAddresses=["sam@baton.example"])
    events = mail.events(message_id, 2)
    assert events["Send"]["send"] == {}
    assert events["Delivery"]["delivery"]["recipients"] == [ANN]
    for one in (events["Send"]["mail"], events["Delivery"]["mail"]):
        assert (one["source"], one["destination"]) == (SENDER, [ANN])
        assert one["tags"]["message"] == ["m1"]
        assert one["tags"]["ses:configuration-set"] == ["mail"]
        assert one["commonHeaders"] == {
            "from": [f"Baton <{SENDER}>"],
            "replyTo": ["sam@baton.example"],
            "to": [ANN],
            "messageId": message_id,
            "subject": "Hi",
        }
        assert {"name": "List-Unsubscribe", "value": "<https://u.example>"} in one["headers"]


@pytest.mark.parametrize(
    ("local", "kinds", "bounce"),
    [
        ("success", ["Send", "Delivery"], None),
        ("bounce", ["Send", "Bounce"], ("Permanent", "General")),
        ("bounce+any-label", ["Send", "Bounce"], ("Permanent", "General")),
        ("complaint", ["Send", "Delivery", "Complaint"], None),
        ("ooto", ["Send", "Delivery", "Bounce"], ("Transient", "General")),
        ("suppressionlist", ["Send", "Bounce"], ("Permanent", "Suppressed")),
    ],
)
def test_the_mailbox_simulator_has_its_documented_outcomes(
    mail: Mail, local: str, kinds: list[str], bounce: tuple[str, str] | None
) -> None:
    address = f"{local}@simulator.amazonses.com"
    events = mail.events(mail.send(address), len(kinds))
    assert sorted(events) == sorted(kinds)
    if bounce:
        found = events["Bounce"]["bounce"]
        assert (found["bounceType"], found["bounceSubType"]) == bounce
        assert found["bouncedRecipients"][0]["emailAddress"] == address
        assert found["feedbackId"]


def test_a_suppressed_recipient_bounces_without_a_delivery(mail: Mail) -> None:
    # "SES still counts it as a send, but delivery is suppressed."
    mail.control("account", {"suppressed": {ANN: "BOUNCE"}})
    events = mail.events(mail.send(ANN), 2)
    assert sorted(events) == ["Bounce", "Send"]
    assert events["Bounce"]["bounce"]["bounceSubType"] == "OnAccountSuppressionList"


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("Bounce", "bounce"),
        ("Complaint", "complaint"),
        ("Reject", "reject"),
        ("Rendering Failure", "failure"),
        ("DeliveryDelay", "deliveryDelay"),
        ("Open", "open"),
        ("Click", "click"),
        ("Subscription", "subscription"),
    ],
)
def test_a_test_may_have_any_event_reported(mail: Mail, kind: str, part: str) -> None:
    mail.control("account", {"reports": []})
    message_id = mail.send(ANN)
    wish = {"message_id": message_id, "type": kind, "detail": {"ours": True}}
    assert mail.control("events", wish) == {"published": 1}
    events = mail.events(message_id, 1)
    assert list(events) == [kind]
    assert events[kind][part]["ours"] is True


def test_a_destination_gets_only_what_it_asks_for(mail: Mail) -> None:
    mail.client.update_configuration_set_event_destination(
        ConfigurationSetName="mail",
        EventDestinationName="topic",
        EventDestination=destination(mail.topic, ["COMPLAINT"]),
    )
    message_id = mail.send(ANN)
    published = {
        kind: mail.control("events", {"message_id": message_id, "type": kind})["published"]
        for kind in ("Send", "Delivery", "Complaint")
    }
    assert published == {"Send": 0, "Delivery": 0, "Complaint": 1}
