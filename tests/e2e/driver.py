"""What the end-to-end tests do with a running stack: HTTP, waiting for a condition, and breaking
things.
"""

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from infra.local.clock import SCHEDULED
from infra.local.stack import Stack
from infra.local.waiting import LOOKS, look_for
from tests.aws import session

ANSWER_S = 120
RESUME = {"pause": False, "reason": "the tests before counted"}
Found = TypeVar("Found")


class Driver:
    """Drives one stack."""

    def __init__(self, stack: Stack, command: Callable[..., str]) -> None:
        self.stack = stack
        self.command = command
        self._session = session(stack.region)

    def client(self, service: str) -> Any:
        client: Callable[..., Any] = self._session.client
        return client(service, endpoint_url=self.stack.aws_endpoint_url)

    def http(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of a request; redirects are not followed."""
        request = urllib.request.Request(
            self.stack.api_url + path, data=body, headers=dict(headers or {}), method=method
        )
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=ANSWER_S) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def post(self, path: str, data: Any, more: Mapping[str, str] | None = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", **(more or {})}
        status, _, body = self.http("POST", path, json.dumps(data).encode(), headers)
        return status, json.loads(body)

    def get(self, path: str) -> Any:
        token = {"Authorization": f"Bearer {self.stack.admin_token}"}
        status, _, body = self.http("GET", path, headers=token)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def resume_sending(self) -> None:
        """Let marketing's emails go out, whatever the brake has counted."""
        token = {"Authorization": f"Bearer {self.stack.admin_token}"}
        states = self.get("/v1/sending")
        paused = [{"sequence": name} for name, one in states["sequences"].items() if one["paused"]]
        for one in [*paused, *([{}] if states["paused"] else [])]:
            status, answer = self.post("/v1/sending", {**RESUME, **one}, token)
            assert status == 200, answer

    def forget_texts(self) -> None:
        """Let salespeople get texts again: those of the tests before would use up their budget."""
        client = self.client("dynamodb")
        of_sam = {":person": {"S": "PERSON#sam"}, ":budget": {"S": "BUDGET#"}}
        found = client.query(
            TableName=self.stack.table_name,
            KeyConditionExpression="pk = :person AND begins_with(sk, :budget)",
            ExpressionAttributeValues=of_sam,
        )
        for item in found["Items"]:
            key = {name: item[name] for name in ("pk", "sk")}
            client.delete_item(TableName=self.stack.table_name, Key=key)

    def lead(self, email: str) -> Any:
        """The lead of an address as the API shows it now, or None."""
        found = self.get(f"/v1/leads?email={quote(email)}")["leads"]
        return self.get(f"/v1/leads/{found[0]['lead_id']}") if found else None

    def outbox(self, email: str) -> list[Any]:
        lead = self.lead(email)
        return [
            item
            for item in self.get("/v1/outbox?limit=200")["items"]
            if lead and item["lead_id"] == lead["lead_id"]
        ]

    def until(self, condition: Callable[[], Found], what: str) -> Found:
        """Return what the condition returns once it holds."""
        found = look_for(condition)
        assert found, f"not within {LOOKS} looks: {what}"
        return found

    def stage(self, email: str) -> str | None:
        lead = self.lead(email)
        return lead["stage"] if lead else None

    def function(self, logical_id: str) -> str:
        """The name of a function of the stack."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=self.stack.stack_name, LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def tick(self) -> Any:
        """Let the clock's function run now, as its schedule does each minute."""
        answer = self.client("lambda").invoke(
            FunctionName=self.function("Clock"), Payload=json.dumps(SCHEDULED)
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    def kill_workers(self, logical_id: str) -> int:
        """SIGKILL the processes in which a function runs; how many there were."""
        name, killed = self.function(logical_id), 0
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and _runs(folder, name):
                os.kill(int(folder.name), signal.SIGKILL)
                killed += 1
        return killed

    def shift_clock(self, offset: str) -> None:
        """Shift the stack's clock, as `BATON_NOW_OFFSET=... make up` does. "": as it was."""
        self.command("up", **({"BATON_NOW_OFFSET": offset} if offset else {}))


def _runs(process: Path, function: str) -> bool:
    try:
        return f"ministack-lambda-{function}-" in (process / "cmdline").read_bytes().decode(
            errors="replace"
        )
    except OSError:  # it ended meanwhile
        return False


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None
