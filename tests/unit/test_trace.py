"""The trace: what all log lines have in common, from a request to the last message it causes."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

import app
from bench.sizes import item_bytes
from chalicelib.delivery.messages import Unclear
from chalicelib.delivery.references import tag_of
from chalicelib.store.dynamo import marshal
from chalicelib.telemetry import HANDED_OFF_WITHIN_MS, TRACE_CHARS, current_trace, log, tracing
from chalicelib.wiring import world as wiring
from tests.baton import ANN, InMemoryBaton, queue_event, received, stream_event

GATEWAY_ID = "5f2c81d0-9b1e-4a52-8d0c-7a6f0e1b2c3d"
TRACE = GATEWAY_ID[:TRACE_CHARS]


class Deployment:
    """Baton in memory behind its real handlers, each called as Lambda calls it."""

    def __init__(self, client: Client) -> None:
        self.baton = InMemoryBaton()
        self._client = client
        wiring.use(self.baton.world)

    def post(self, path: str, data: Any) -> HTTPResponse:
        headers = {"Content-Type": "application/json"}
        return self._client.http.post(path, headers=headers, body=json.dumps(data).encode())

    def invoke(self, function: str, event: Any) -> Any:
        return self._client.lambda_.invoke(function, event).payload

    def drain(self) -> None:
        """Hand every new item to the function that reads it off the stream."""
        inserted = self.baton.ports.memory.inserted
        while self.baton.drained < len(inserted):
            item = inserted[self.baton.drained]
            self.baton.drained += 1
            function = {"EVENT": "qualify", "OUTBOX": "deliver"}.get(str(item["sk"]).split("#")[0])
            if function is not None:
                assert self.invoke(function, stream_event([item])) == {"batchItemFailures": []}

    def tick(self, minutes: float) -> None:
        self.baton.ports.clock.tick(timedelta(minutes=minutes))
        event = self._client.events.generate_cw_event("aws.events", "", {}, [])
        self.invoke("clock", event)
        for queue, message in received(self.baton.ports):
            self.invoke(queue, queue_event([message]))
            self.baton.ports.queued.delete(queue, message)
        self.drain()


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    try:
        with Client(app.app) as client:
            yield Deployment(client)
    finally:
        wiring.use(None)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def demo(**more: Any) -> dict[str, Any]:
    return {"fields": ANN, "visitor_id": "v1", "consent": {"marketing": True}, **more}


def test_one_submission_has_one_trace_to_the_last_message(
    deployment: Deployment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    lines()
    answer = deployment.post("/v1/forms/guide", demo())
    deployment.drain()
    written = lines()
    assert {line["event"] for line in written} == {"captured", "repaired", "qualified", "message"}
    assert {"sent"} <= {line.get("state") for line in written}
    assert {line["trace"] for line in written} == {answer.headers["X-Request-Id"]}


def test_two_submissions_have_two_traces(deployment: Deployment) -> None:
    first, second = (deployment.post("/v1/forms/demo", demo()) for _ in range(2))
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


def test_what_the_clock_sends_again_keeps_its_trace(
    deployment: Deployment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    deployment.baton.forget_deadlines()
    deployment.baton.ports.senders.answers = [Unclear()] * 3
    answer = deployment.post("/v1/forms/demo", demo())
    deployment.drain()
    lines()
    deployment.tick(minutes=20)
    sent = [line for line in lines() if line["event"] == "message"]
    assert "sent" in {line["state"] for line in sent}
    assert {line["trace"] for line in sent} == {answer.headers["X-Request-Id"]}


def test_a_report_on_an_email_has_the_emails_trace(
    deployment: Deployment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    answer = deployment.post("/v1/forms/guide", demo())
    deployment.drain()
    lines()
    email = f"{deployment.baton.world.lead_id(ANN['email'])}#nurture#1#welcome#1"
    mail = {"messageId": "message-1", "tags": {"message": [tag_of(email)]}}
    notice = {"eventType": "Bounce", "mail": mail, "bounce": {"bounceType": "Permanent"}}
    deployment.baton.world.mail_event(json.dumps(notice))
    deployment.drain()
    written = lines()
    assert {"mail_event", "suppressed", "qualified"} <= {line["event"] for line in written}
    assert {line.get("trace") for line in written} == {answer.headers["X-Request-Id"]}


def test_a_record_that_fails_says_its_trace(
    deployment: Deployment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    lines()
    item: dict[str, Any] = {"pk": "VISITOR#v1", "sk": "EVENT#1#a", "trace": TRACE}
    deployment.invoke("qualify", stream_event([item]))
    assert {line["trace"] for line in lines()} == {TRACE}


def test_a_request_is_traced_by_the_gateways_id(
    deployment: Deployment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    # PublicHandler gets the gateway's own event. The access log has the same id in full.
    event = {
        "httpMethod": "GET",
        "path": "/v1/leads",
        "resource": "/v1/leads",
        "requestContext": {
            "requestId": GATEWAY_ID,
            "httpMethod": "GET",
            "resourcePath": "/v1/leads",
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    }
    lines()
    answer = deployment.invoke("public_handler", event)
    assert [line["trace"] for line in lines()] == [TRACE]
    assert answer["headers"]["X-Request-Id"] == TRACE


def test_a_trace_costs_an_event_a_few_bytes(deployment: Deployment) -> None:
    page = {"anonymousId": "v1", "messageId": "m1", "properties": {"url": "https://a.example/"}}
    deployment.post("/v1/page", page)
    stored = deployment.baton.ports.memory.inserted[-1]
    assert len(str(stored["trace"])) == TRACE_CHARS
    without = {name: value for name, value in stored.items() if name != "trace"}
    assert item_bytes(marshal(stored)) - item_bytes(marshal(without)) == len("trace") + TRACE_CHARS


def test_an_item_without_a_trace_keeps_that_of_the_invocation() -> None:
    with tracing(TRACE):
        with tracing(None):
            assert current_trace() == TRACE
        with tracing("another"):
            assert current_trace() == "another"
        assert current_trace() == TRACE
    assert current_trace() is None


# --- service levels


@pytest.mark.parametrize(("after_ms", "late"), [(0, 0), (10_000, 0), (10_001, 1)])
def test_a_late_score_is_counted(
    after_ms: int, late: int, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    log("qualified", lead_id="l1", after_ms=after_ms)
    (line,) = lines()
    _, directive = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "Baton",
        "Dimensions": [["deployment"]],
        "Metrics": [{"Name": "qualified_late", "Unit": "Count"}],
    }
    assert line["qualified_late"] == late


def test_a_review_is_neither_late_nor_in_time(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    log("qualified", lead_id="l1", after_ms=None)
    (line,) = lines()
    assert "qualified_late" not in line


def test_a_score_says_how_long_after_its_capture(
    deployment: Deployment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    deployment.post("/v1/forms/guide", demo())
    deployment.baton.ports.clock.tick(timedelta(seconds=12))
    lines()
    deployment.drain()
    qualified = [line for line in lines() if line["event"] == "qualified"]
    assert qualified[0]["after_ms"] == 12_000
    assert qualified[0]["qualified_late"] == 1


def test_only_a_sent_handoff_is_measured(
    deployment: Deployment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    deployment.baton.ports.senders.answers = [Unclear()] * 4
    deployment.post("/v1/forms/guide", demo())
    deployment.post("/v1/forms/demo", demo())
    deployment.drain()
    lines()
    deployment.tick(minutes=20)
    sent = {
        line["key"].split("#")[0]: line.get("after_ms")
        for line in lines()
        if line["event"] == "message" and line["state"] == "sent"
    }
    assert sent["handoff"] == 20 * 60 * 1000 > HANDED_OFF_WITHIN_MS
    assert sent.get("nurture") is None
