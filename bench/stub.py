"""A stub of AWS: answers every call at once with the least that a client accepts, and notes when it
was asked.

It runs in a thread of the bench, outside of the processes that are measured.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWERS: dict[str, Any] = {
    "PutItem": {},
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
    "TransactWriteItems": {},
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    "GetSecretValue": {"ARN": "arn", "Name": "secret", "SecretString": "token"},
}


class Stub(ThreadingHTTPServer):
    """The server. first_asked_s: when the first call to DynamoDB came, on the machine's monotonic
    clock; set it to None before what is measured. items: partition -> items in DynamoDB's JSON,
    which reads find; writes change none.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.first_asked_s: float | None = None
        self.items: dict[str, list[dict[str, Any]]] = {}

    @property
    def url(self) -> str:
        """Where every service is answered."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer one call of AWS's JSON protocol."""
        asked_s = time.monotonic()
        service, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
        stub = self.server
        assert isinstance(stub, Stub)
        if service.startswith("DynamoDB") and stub.first_asked_s is None:
            stub.first_asked_s = asked_s
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = json.dumps(self._answer(operation, asked)).encode()
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length:"
            f" {len(body)}\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)

    def _answer(self, operation: str, asked: Any) -> Any:
        stub = self.server
        assert isinstance(stub, Stub)
        if operation == "GetItem":
            found = [
                one
                for one in stub.items.get(asked["Key"]["pk"]["S"], [])
                if one["sk"] == asked["Key"]["sk"]
            ]
            return {"Item": found[0]} if found else {}
        if operation == "Query" and stub.items:
            found = stub.items.get(asked["ExpressionAttributeValues"][":pk"]["S"], [])
            return {"Items": found, "Count": len(found), "ScannedCount": len(found)}
        return ANSWERS[operation]

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Stub]:
    """A stub that answers while the block runs."""
    with Stub() as stub:
        thread = threading.Thread(target=stub.serve_forever, daemon=True)
        thread.start()
        try:
            yield stub
        finally:
            stub.shutdown()
            thread.join()
