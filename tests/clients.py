"""A server of real sockets before a Baton in memory, for clients of Segment and RudderStack.

It passes each request on to the real routes byte for byte. It can lose an answer: the request has
arrived then, and its sender does not know.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from chalicelib.http.exchange import CORS
from infra.paths import ROOT
from tests.baton import InMemoryBaton
from tests.fakes import FakeClock, FakePorts

FILES = "/files/"
MODULES = ROOT / "node_modules"


class WallClock(FakeClock):
    """Clients write their own times, so Baton's clock has to be theirs."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


class ClientServer(ThreadingHTTPServer):
    """Serves a Baton to clients, and the files of packages and pages to a browser."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.baton = InMemoryBaton(FakePorts(clock=WallClock()))
        deployment = {"api_url": self.url, "site_url": self.url, "write_key": "write-key"}
        self.baton.world.documents.put("deployment", deployment)
        self.pages: dict[str, str] = {}
        """Path -> HTML of a page for a browser."""
        self.to_lose = 0
        """How many answers to posts are still to be lost."""
        self.posted: list[tuple[str, int]] = []
        """Path and status of each post that arrived."""
        self.lock = threading.Lock()  # Baton in memory is for one thread

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ClientServer

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path)
        if page is not None:
            self._answer(200, {"Content-Type": "text/html"}, page.encode())
        elif self.path.startswith(FILES):
            self._file(MODULES / self.path.removeprefix(FILES).partition("?")[0])
        else:
            self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def do_OPTIONS(self) -> None:  # which the gateway answers
        self._answer(200, CORS.get_access_control_headers(), b"")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _file(self, path: Path) -> None:
        if path.is_file():
            self._answer(200, {"Content-Type": "text/javascript"}, path.read_bytes())
        else:
            self._answer(404, {}, b"")

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.server
        with server.lock:
            answer = server.baton.http(self.command, self.path, body, dict(self.headers.items()))
            if self.command == "POST":
                server.posted.append((self.path.partition("?")[0], answer.status_code))
                if server.to_lose:
                    server.to_lose -= 1
                    self.close_connection = True
                    return
        headers = {**answer.headers, **CORS.get_access_control_headers()}
        self._answer(answer.status_code, headers, answer.body)

    def _answer(self, status: int, headers: Any, body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def served() -> Iterator[ClientServer]:
    """Serve while the block runs."""
    with ClientServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
