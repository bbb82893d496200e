"""Turnstile and hCaptcha: what the fake and the client over HTTP share, and what answers mean."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from chalicelib.capture.screening.challenge import SERVICES, Challenges, HttpChallenges, Solved
from chalicelib.capture.screening.verdict import CHALLENGES, Verification
from tests.fakes import FakeChallenges

KEYS = {"turnstile": "key-t", "hcaptcha": "key-h"}
Answer = Callable[[dict[str, list[str]]], tuple[int, bytes]]


class Service:
    """A service that speaks the protocol of both: a response is good once, for its own key."""

    def __init__(self) -> None:
        self.solved: set[str] = set()
        self.asked: list[dict[str, list[str]]] = []

    def __call__(self, form: dict[str, list[str]]) -> tuple[int, bytes]:
        self.asked.append(form)
        (response,) = form["response"]
        if response in self.solved:
            self.solved.remove(response)
            return 200, b'{"success": true, "hostname": "keybook.example"}'
        said = {"success": False, "error-codes": ["invalid-input-response"]}
        return 200, json.dumps(said).encode()


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """Serve answers; yield their URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, said = answer(parse_qs(body.decode(), keep_blank_values=True))
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/siteverify"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(url: str, keys: dict[str, str] = KEYS, seconds: float = 2) -> HttpChallenges:
    return HttpChallenges(lambda: keys, dict.fromkeys(CHALLENGES, url), seconds)


@pytest.fixture(params=["fake", "http"])
def challenges(request: pytest.FixtureRequest) -> Iterator[tuple[Challenges, set[str]]]:
    """What asks the service, and the responses that are solved."""
    if request.param == "fake":
        fake = FakeChallenges()
        yield fake, fake.solved
        return
    service = Service()
    with served(service) as url:
        yield client(url), service.solved


@pytest.mark.parametrize("verify", sorted(CHALLENGES))
def test_a_response_is_good_once(
    challenges: tuple[Challenges, set[str]], verify: Verification
) -> None:
    ask, solved = challenges
    solved.add("good")
    assert [ask(verify, one) for one in ("good", "good", "bad", "", "\ud800")] == [
        Solved.YES, Solved.NO, Solved.NO, Solved.NO, Solved.NO,
    ]  # fmt: skip


def test_only_the_key_and_the_response_are_passed_on() -> None:
    service = Service()
    with served(service) as url:
        client(url)(Verification.HCAPTCHA, "x")
    assert service.asked == [{"secret": ["key-h"], "response": ["x"]}]


def test_an_endless_response_is_not_passed_on() -> None:
    service = Service()
    with served(service) as url:
        assert client(url)(Verification.TURNSTILE, "x" * 10_000) is Solved.NO
    assert service.asked == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (500, b"oops"), (200, b"not json"), (200, b"[]"), (200, b"{}"), (429, b"{}"),
        (200, b'{"success": "true"}'), (200, b'{"success": false}'),
        (200, b'{"success": false, "error-codes": "invalid-input-response"}'),
        (200, b'{"success": false, "error-codes": ["invalid-input-secret"]}'),
        (200, b'{"success": false, "error-codes": ["internal-error"]}'),
        (200, b'{"success": false, "error-codes": [["invalid-input-response"]]}'),
        (200, b'{"success": true' + b" " * 100_000 + b"}"),
    ],
)  # fmt: skip
def test_what_says_nothing_of_the_sender_is_an_outage(status: int, said: bytes) -> None:
    with served(lambda _: (status, said)) as url:
        assert client(url)(Verification.TURNSTILE, "x") is Solved.UNKNOWN


def test_a_service_that_is_slow_or_gone_is_an_outage() -> None:
    released = threading.Event()

    def slow(_: Any) -> tuple[int, bytes]:
        released.wait(5)
        return 200, b'{"success": true}'

    with served(slow) as url:
        assert client(url, seconds=0.05)(Verification.TURNSTILE, "x") is Solved.UNKNOWN
        released.set()
    assert client(url)(Verification.TURNSTILE, "x") is Solved.UNKNOWN  # nobody listens any more


def test_without_a_key_nobody_is_asked() -> None:
    assert client("http://127.0.0.1:1/", {})(Verification.TURNSTILE, "x") is Solved.UNKNOWN


def test_the_services_are_asked_over_https() -> None:
    assert set(SERVICES) == CHALLENGES
    assert all(url.startswith("https://") for url in SERVICES.values())
