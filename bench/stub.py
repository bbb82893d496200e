"""A stub of AWS that answers every call at once with the least that a client accepts.

It records when DynamoDB was first called. It runs in a thread of the bench, outside the processes
that are measured.
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
    "": {"MessageId": "0100018f6b0a5c1e"},  # of SES, which has its operation in the path
}
LINKS = {"ARN": "arn", "Name": "link", "SecretString": '{"current": "token"}'}


class Stub(ThreadingHTTPServer):
    """The server."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.first_call_s: float | None = None
        """When DynamoDB was first called, on the monotonic clock. Reset it before a measurement."""
        self.items: dict[str, list[dict[str, Any]]] = {}
        """Partition -> the items that reads find, in DynamoDB's JSON. Writes change nothing."""

    def found(self, key: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the item of a key, if there is one."""
        return [one for one in self.items.get(key["pk"]["S"], []) if one["sk"] == key["sk"]]

    @property
    def url(self) -> str:
        """The endpoint of every service."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer one call of AWS's JSON protocol."""
        called_s = time.monotonic()
        service, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
        stub = self.server
        assert isinstance(stub, Stub)
        if service.startswith("DynamoDB") and stub.first_call_s is None:
            stub.first_call_s = called_s
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = json.dumps(self._answer(operation, request)).encode()
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length:"
            f" {len(body)}\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)

    def _answer(self, operation: str, request: Any) -> Any:
        stub = self.server
        assert isinstance(stub, Stub)
        if operation == "GetItem":
            found = stub.found(request["Key"])
            return {"Item": found[0]} if found else {}
        if operation == "BatchGetItem" and stub.items:
            ((table, wanted),) = request["RequestItems"].items()
            found = [one for key in wanted["Keys"] for one in stub.found(key)]
            return {"Responses": {table: found}, "UnprocessedKeys": {}}
        if operation == "GetSecretValue" and request["SecretId"] == LINKS["Name"]:
            return LINKS
        if operation == "Query" and stub.items:
            values = {name: one["S"] for name, one in request["ExpressionAttributeValues"].items()}
            found = stub.items.get(values[":pk"], [])
            if "IndexName" not in request:
                first, last = values[":first"], values[":last"]
                found = [one for one in found if first <= one["sk"]["S"] <= last]
            return {"Items": found, "Count": len(found), "ScannedCount": len(found)}
        return ANSWERS[operation]

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@contextmanager
def serving() -> Iterator[Stub]:
    """Yield a stub that answers while the block runs."""
    with Stub() as stub:
        thread = threading.Thread(target=stub.serve_forever, daemon=True)
        thread.start()
        try:
            yield stub
        finally:
            stub.shutdown()
            thread.join()
