"""What the functions are invoked with: events in the shape of AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.local.walk import PERSON

EMAIL = "ann@acme.example"
LEAD_ID = "ANNSLEADIDOFTWENTYSIXCHARS"
VISITOR_ID = "018f6b0a-5c1e-7b62-9d1e-2f6a3b4c5d6e"
AT = "2026-11-22T09:30:00.000Z"
AT_MS = 1_795_339_800_000
LANDING_URL = (
    "https://www.keybook.example/pricing"
    "?utm_source=google&utm_medium=cpc&utm_campaign=spring-launch"
)
# The reference ping: what the tracker sends for a page view, with a campaign and a referrer.
PING: Mapping[str, Any] = {
    "type": "page",
    "anonymousId": VISITOR_ID,
    "messageId": "018f6b0a-6d2f-7c73-8e2f-3a7b4c5d6e7f",
    "properties": {
        "url": LANDING_URL,
        "referrer": "https://www.google.com/",
        "title": "Pricing - Keybook access reviews",
    },
    "context": {"campaign": {"source": "google", "medium": "cpc", "name": "spring-launch"}},
}
#: The requests of an ordinary visit as the tracker sent them; tests/browser/test_visit.py visits.
VISIT: Sequence[Mapping[str, Any]] = json.loads(Path(__file__).with_name("visit.json").read_text())

VISIT_EVENTS = sum(len(one["batch"]) for one in VISIT)


def form(
    email: str = EMAIL, visitor_id: str | None = VISITOR_ID, *, consent: bool = True
) -> dict[str, Any]:
    """Return a form submission as a landing page sends it."""
    return {
        "fields": {"email": email, **PERSON},
        "visitor_id": visitor_id,
        "page": {"url": "https://www.keybook.example/guide", "title": "The buyer's guide"},
        "consent": {"marketing": consent, "text": "Yes, write to me."},
    }


def request(
    method: str,
    path: str,
    *,
    resource: str | None = None,
    path_parameters: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: Any = None,
) -> dict[str, Any]:
    """Return an event of API Gateway (REST, proxy integration)."""
    headers = {
        "accept": "*/*",
        "authorization": "Bearer token",
        "content-type": "application/json",
        "host": "api.keybook.example",
        "origin": "https://www.keybook.example",
        "user-agent": (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"
        ),
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-proto": "https",
    }
    if method == "POST":
        del headers["authorization"]  # only the private endpoints have a token
    return {
        "resource": resource or path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": (
            {name: [value] for name, value in query.items()} if query else None
        ),
        "pathParameters": path_parameters,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource or path,
            "httpMethod": method,
            "path": f"/api{path}",
            "stage": "api",
            "requestId": "2f5b6f1e-7a0c-4a53-9d7f-6f1c1f5a8e11",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": headers["user-agent"]},
        },
        "body": json.dumps(body) if body is not None else None,
        "isBase64Encoded": False,
    }


def ping_request(ping: Mapping[str, Any] = PING) -> dict[str, Any]:
    """Return a page view over HTTP."""
    return request("POST", "/v1/page", body=ping)


def batch_request(batch: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request of the tracker over HTTP."""
    return request("POST", "/v1/batch", body=batch)


def form_request(form_id: str, submission: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form submission over HTTP."""
    path = f"/v1/forms/{form_id}"
    return request(
        "POST",
        path,
        resource="/v1/forms/{form_id}",
        path_parameters={"form_id": form_id},
        body=submission,
    )


def leads_request() -> dict[str, Any]:
    """Return the request of a salesperson who looks up an address."""
    return request("GET", "/v1/leads", query={"email": EMAIL})


def stream(image: Mapping[str, Any]) -> dict[str, Any]:
    """Return a batch of the table's stream in which one item was inserted.

    image: the item in DynamoDB's JSON.
    """
    change = {
        "ApproximateCreationDateTime": AT_MS // 1000,
        "Keys": {name: image[name] for name in ("pk", "sk")},
        "NewImage": image,
        "SequenceNumber": "111",
        "SizeBytes": 300,
        "StreamViewType": "NEW_IMAGE",
    }
    record = {
        "eventID": "1",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": change,
        "eventSourceARN": (
            "arn:aws:dynamodb:us-east-1:123456789012:table/baton/stream/2026-11-22T00:00:00.000"
        ),
    }
    return {"Records": [record]}


def captured(visitor_id: str = VISITOR_ID) -> dict[str, Any]:
    """Return the stream's record of a page view."""
    image = {
        "pk": {"S": f"VISITOR#{visitor_id}"},
        "sk": {"S": f"EVENT#{AT_MS}#0123456789abcdef"},
        "schema": {"N": "1"},
        "kind": {"S": "page"},
        "at_ms": {"N": str(AT_MS)},
        "captured_at_ms": {"N": str(AT_MS)},
        "properties": {"S": '{"path":"/pricing","url":"https://www.keybook.example/pricing"}'},
    }
    return stream(image)


def planned() -> dict[str, Any]:
    """Return the stream's record of a planned email."""
    image = {
        "pk": {"S": f"LEAD#{LEAD_ID}"},
        "sk": {"S": "OUTBOX#nurture#1#welcome#1"},
        "schema": {"N": "1"},
        "via": {"S": "email"},
        "about": {"N": "2"},
        "state": {"S": "planned"},
        "claims": {"N": "0"},
        "version": {"N": "1"},
        "created_at_ms": {"N": str(AT_MS)},
        "due_at_ms": {"N": str(AT_MS + 120_000)},
        "to": {"S": EMAIL},
        "email": {"S": "welcome"},
    }
    return stream(image)


def tick() -> dict[str, Any]:
    """Return what EventBridge sends every minute."""
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": AT,
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/clock"],
        "detail": {},
    }


def mail_event() -> dict[str, Any]:
    """Return the report of SES that an email was delivered."""
    # LEAD_ID#nurture#1#welcome#1
    tag = "QU5OU0xFQURJRE9GVFdFTlRZU0lYQ0hBUlMjbnVydHVyZSMxI3dlbGNvbWUjMQ"
    notice = {
        "eventType": "Delivery",
        "mail": {"messageId": "0100018f6b0a5c1e", "timestamp": AT, "tags": {"message": [tag]}},
        "delivery": {"timestamp": AT, "recipients": [EMAIL]},
    }
    return _published("baton-feedback", notice)


def inbound_email() -> dict[str, Any]:
    """Return the report of SES that it received an email, which the report holds."""
    notice = {
        "notificationType": "Received",
        "mail": {"messageId": "0100018f6b0a5c1e", "timestamp": AT, "destination": [EMAIL]},
        "receipt": {"recipients": [EMAIL], "action": {"type": "SNS", "encoding": "UTF-8"}},
        "content": "Subject: Re: Your guide\r\n\r\nCan you call me?",
    }
    return _published("baton-inbound", notice)


def _published(topic: str, notice: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        "TopicArn": f"arn:aws:sns:us-east-1:123456789012:{topic}",
        "Subject": None,
        "Message": json.dumps(notice),
        "MessageAttributes": {},
        "Timestamp": AT,
    }
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": message}]}


def handed_over(task: str, lead_id: str, key: str) -> dict[str, Any]:
    """Return one message of a queue: something that is due."""
    said = {"task": task, "lead_id": lead_id, "key": key, "starts": 0}
    return {
        "Records": [
            {
                "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": json.dumps(said),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:baton-queue",
                "awsRegion": "us-east-1",
            }
        ]
    }


FIRST: Mapping[str, tuple[str, dict[str, Any]]] = {
    "APIHandler": ("app", leads_request()),
    "PublicHandler": ("public_handler", ping_request()),
    "Qualify": ("qualify", captured()),
    "Deliver": ("deliver", planned()),
    "Clock": ("clock", tick()),
    "Urgent": ("urgent", handed_over("message", LEAD_ID, "handoff#1#email")),
    "Nurture": ("nurture", handed_over("message", LEAD_ID, "nurture#1#welcome#1")),
    "Leads": ("leads", handed_over("review", LEAD_ID, "")),
    "Jobs": ("jobs", handed_over("job", "", "j")),
    "Feedback": ("feedback", mail_event()),
    "Replies": ("replies", inbound_email()),
}
"""Function -> its handler in app.py, and a small but real first event."""
