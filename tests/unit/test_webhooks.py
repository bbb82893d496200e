"""Messages into chats: to hosts of the services alone, and no log knows the URL."""

from http.client import RemoteDisconnected

import pytest

from chalicelib.delivery.messages import (
    ChatMessage,
    Refused,
    SendResult,
    Sent,
    Unclear,
    Waiting,
)
from chalicelib.delivery.reasons import NotSentReason
from chalicelib.delivery.webhooks import Webhooks, is_chat_url
from tests.fakes import FakeChats

SLACK = "https://hooks.slack.com/services/T0/B0/secret"
TEAMS = "https://prod-01.westeurope.logic.azure.com:443/workflows/x/run?api-version=1&sig=secret"
FLOW = "https://default1a.b2.environment.api.powerplatform.com:443/powerautomate/x?sig=secret"


def send(chats: FakeChats, url: str = SLACK) -> SendResult:
    return Webhooks(chats.connect).send(ChatMessage(url, '{"text": "Ünn"}'))


@pytest.mark.parametrize("url", [SLACK, TEAMS, FLOW])
def test_the_url_of_a_chat_is_one(url: str) -> None:
    assert is_chat_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/x",
        "https://hooks.slack.com.evil.example/x",
        "https://evil.example/hooks.slack.com",
        "https://hooks.slack.com@evil.example/x",
        "https://me:pw@hooks.slack.com/x",
        "https://hooks.slack.com:8443/x",
        "https://hooks.slack.com:x/",
        "https://hooks.slack.com\\@evil.example/x",
        "https://hooks.slack.com/x\r\nHost: evil",
        "https://hooks.slack.com/ x",
        "https://logic.azure.com/x",
        "https://evillogic.azure.com/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[x/",
        "https://localhost/x",
        "https://10.0.0.1/x",
        "https:///x",
        "",
    ],
)
def test_nothing_is_asked_of_another_host(url: str) -> None:
    chats = FakeChats()
    assert not is_chat_url(url)
    assert send(chats, url) == Refused()
    assert chats.asked == []


def test_a_message_is_posted_once_with_its_query() -> None:
    chats = FakeChats()
    assert isinstance(send(chats, TEAMS), Sent)
    body = '{"text": "Ünn"}'.encode()
    target = "/workflows/x/run?api-version=1&sig=secret"
    assert chats.asked == [("prod-01.westeurope.logic.azure.com", "POST", target, body)]
    assert not chats.is_open


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (302, Refused()),  # a redirect is not followed
        (400, Refused()),
        (403, Refused()),
        (404, Refused()),
        (408, Waiting(NotSentReason.THROTTLED)),
        (410, Refused()),
        (429, Waiting(NotSentReason.THROTTLED)),
        (500, Unclear()),
        (503, Unclear()),
    ],
)
def test_what_the_answer_of_a_chat_means(status: int, outcome: SendResult) -> None:
    chats = FakeChats(status=status)
    assert send(chats) == outcome
    assert len(chats.asked) == 1


@pytest.mark.parametrize(
    ("fails_at", "outcome"),
    [
        ("connect", Waiting(NotSentReason.OUTAGE)),
        ("request", Unclear()),
        ("getresponse", Unclear()),
        ("read", Unclear()),
    ],
)
def test_what_a_wire_that_breaks_means(fails_at: str, outcome: SendResult) -> None:
    for error in (OSError("gone"), TimeoutError(), RemoteDisconnected("gone")):
        chats = FakeChats(fails_at=fails_at, error=error)
        assert send(chats) == outcome
        assert not chats.is_open


def test_no_log_and_no_traceback_shows_the_url(capsys: pytest.CaptureFixture[str]) -> None:
    assert "secret" not in repr(ChatMessage(SLACK, "{}"))
    send(FakeChats(status=404))
    logged = capsys.readouterr().out
    assert "send_failed" in logged
    assert "secret" not in logged
    assert "slack" not in logged
