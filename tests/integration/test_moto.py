"""The whole way on AWS's own interfaces: HTTP -> table -> stream records -> handlers -> table until
quiet, on moto.

The table is the template's; the records are those of DynamoDB Streams, in the shape that Lambda
hands over; mails, texts and topic messages go to SES and SNS through the real senders.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends

import app
from chalicelib.delivery.references import tag_of
from chalicelib.delivery.senders import Senders
from chalicelib.store.dynamo import DynamoTable
from chalicelib.wiring import world as wiring
from tests.aws import mock_aws, session
from tests.baton import AD, ANN, MOST_ROUNDS, InMemoryBaton
from tests.fakes import FakePorts
from tests.moto_table import REGION, TABLE_NAME, create_table, dynamodb

ONCE = Config(retries={"total_max_attempts": 1})
PREFIXES = {
    "EVENT#": app.qualify,
    "OUTBOX#": app.deliver,
}  # what the template's stream filters let through


class Stream:
    """The table's stream, read from its beginning to wherever it has come."""

    def __init__(self, client: Any) -> None:
        self._client = client
        (stream,) = client.list_streams(TableName=TABLE_NAME)["Streams"]
        arn = stream["StreamArn"]
        (shard,) = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        asked = client.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        self._at = asked["ShardIterator"]

    def fresh(self) -> list[dict[str, Any]]:
        """The records since the last time, as Lambda hands them over: JSON, bytes in base64."""
        answer = self._client.get_records(ShardIterator=self._at)
        self._at = answer["NextShardIterator"]
        records: list[dict[str, Any]] = json.loads(
            json.dumps(answer["Records"], default=_as_lambda_does)
        )
        return records


def _as_lambda_does(value: Any) -> Any:
    return b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()


class MotoBaton(InMemoryBaton):
    """A Baton whose table, mail and texts are moto's, and whose handlers are the deployed
    functions.
    """

    def __init__(self) -> None:
        client = dynamodb()
        create_table(client)
        ports = {"table": DynamoTable(client, TABLE_NAME), "send": self._senders().send}
        streams = session(REGION).client(
            "dynamodbstreams",
            endpoint_url=f"https://streams.dynamodb.{REGION}.amazonaws.com",
            config=Config(account_id_endpoint_mode="disabled"),
        )
        self.stream = Stream(streams)
        super().__init__(FakePorts(wrap=lambda name, port: ports.get(name, port)))
        self.stream.fresh()  # the documents

    def _senders(self) -> Senders:
        ses = session(REGION).client("sesv2", config=ONCE)
        sns = session(REGION).client("sns", config=ONCE)
        settings = FakePorts().settings
        ses.create_email_identity(EmailIdentity=settings.sender)
        ses.create_configuration_set(ConfigurationSetName=settings.configuration_set)
        topic_arn = sns.create_topic(Name="handoffs")["TopicArn"]
        return Senders(
            ses,
            sns,
            sender=settings.sender,
            configuration_set=settings.configuration_set,
            topic_arn=topic_arn,
        )

    def until_quiet(self) -> None:
        for _ in range(MOST_ROUNDS):
            records = self.stream.fresh()
            if not records and not self._replayed():
                return
            for prefix, handler in PREFIXES.items():
                self.hand_over(handler, [record for record in records if _is_new(record, prefix)])
        raise AssertionError("the streams do not come to rest")

    def hand_over(self, handler: Any, records: list[dict[str, Any]]) -> None:
        """Call a function with its records, as the stream mapping would."""
        wiring.use(self.world)
        try:
            assert handler({"Records": records}, None) == {"batchItemFailures": []}
        finally:
            wiring.use(None)


def _is_new(record: dict[str, Any], prefix: str) -> bool:
    return record["eventName"] == "INSERT" and str(
        record["dynamodb"]["Keys"]["sk"]["S"]
    ).startswith(prefix)


@pytest.fixture
def baton() -> Iterator[MotoBaton]:
    with mock_aws():
        yield MotoBaton()


def mails() -> list[Any]:
    return list(ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages)


def texts() -> list[Any]:
    return list(sns_backends[DEFAULT_ACCOUNT_ID][REGION].sms_messages.values())


def topic_messages() -> list[Any]:
    (topic,) = sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics.values()
    return list(topic.sent_notifications)


def test_anns_journey_ends_as_sql_with_each_message_once(
    baton: MotoBaton,
) -> None:
    """One email to her; to sales one email, one topic message and one text."""
    baton.page("/", context=AD)
    baton.page("/blog/a")
    baton.page("/blog/b")
    baton.until_quiet()
    baton.form("guide", consent=True, **ANN)
    baton.until_quiet()
    lead = baton.lead()
    assert (lead["stage"], lead["score"]["total"], lead["score"]["grade"]) == ("mql", 60, "A")
    assert [mail.destinations["ToAddresses"] for mail in mails()] == [[ANN["email"]]]

    for _ in range(4):
        baton.page("/pricing")
    baton.until_quiet()
    assert (baton.lead()["stage"], baton.lead()["score"]["total"]) == ("mql", 66)

    baton.form("demo", **ANN, message="We have 40 tools and an audit in March.")
    baton.until_quiet()
    lead = baton.lead()
    assert (lead["stage"], lead["kind"], lead["score"]["total"]) == ("sql", "requested", 90)
    assert sum(reason["points"] for reason in lead["score"]["reasons"]) == 90
    assert [mail.destinations["ToAddresses"] for mail in mails()] == [
        [ANN["email"]],
        ["sam@keybook.example"],
    ]
    ((number, body),) = texts()
    assert number == "+4930901821"
    assert "Ann Example, CTO at Acme: wants a demo" in body
    (message,) = topic_messages()
    assert json.loads(message[1])["lead_id"] == lead["lead_id"]
    assert {(item["kind"], item["via"], item["state"]) for item in baton.outbox()} == {
        ("nurture", "email", "sent"),
        ("handoff", "email", "sent"),
        ("handoff", "sns", "sent"),
        ("handoff", "sms", "sent"),
    }


def test_every_record_again_changes_nothing_and_sends_nothing(baton: MotoBaton) -> None:
    baton.page("/pricing")
    baton.form("guide", consent=True, **ANN)
    baton.form("demo", **ANN)
    records: list[dict[str, Any]] = []
    for _ in range(5):
        fresh = baton.stream.fresh()
        records += fresh
        for prefix, handler in PREFIXES.items():
            baton.hand_over(handler, [record for record in fresh if _is_new(record, prefix)])
    before, sent = baton.lead(), (len(mails()), len(texts()), len(topic_messages()))
    for prefix, handler in PREFIXES.items():
        baton.hand_over(
            handler, [record for record in reversed(records) if _is_new(record, prefix)]
        )
    baton.until_quiet()
    assert baton.lead() == before
    assert (len(mails()), len(texts()), len(topic_messages())) == sent


def test_the_mail_events_of_ses_settle_the_email(
    baton: MotoBaton,
) -> None:
    baton.form("guide", consent=True, **ANN)
    baton.page("/blog/a")
    baton.until_quiet()
    (email,) = baton.outbox()
    notice = {
        "eventType": "Bounce",
        "mail": {"messageId": email["message_id"], "tags": {"message": [tag_of(email["id"])]}},
        "bounce": {"bounceType": "Permanent", "timestamp": "2026-11-22T10:00:00.000Z"},
    }
    record: dict[str, Any] = {
        "Sns": {"Message": json.dumps(notice), "Subject": None, "MessageAttributes": {}}
    }
    wiring.use(baton.world)
    try:
        app.feedback({"Records": [record]}, None)
    finally:
        wiring.use(None)
    baton.until_quiet()
    assert baton.lead()["suppressed"] == "bounced"
    assert baton.outbox()[0]["state"] == "bounced"


def test_the_clock_runs_on_the_due_index(baton: MotoBaton) -> None:
    baton.form("guide", consent=True, **ANN)
    baton.page("/")
    baton.until_quiet()
    assert baton.lead()["stage"] == "mql"
    for _ in range(3):
        baton.minutes_later(28 * 24 * 60)
    assert baton.lead()["stage"] == "lead"
