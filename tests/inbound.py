"""Emails that people answer with, as their mail programs write them and as SES reports them."""

import json
from base64 import b64encode
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from tests.fakes import INBOUND_BUCKET

SENDER = "Ann Example <ann@acme.example>"
SUBJECT = "Re: Your guide"


def raw(
    text: str, *, headers: dict[str, str] | None = None, html: str | None = None, **more: str
) -> bytes:
    """A raw email to a reply address. headers: more of them, or others."""
    said = {
        "Return-Path": "<ann@acme.example>",
        "From": SENDER,
        "To": "reply@replies.baton.example",
        "Subject": SUBJECT,
        "Message-ID": "<one@acme.example>",
        **{name.replace("_", "-"): value for name, value in {**(headers or {}), **more}.items()},
    }
    email = EmailMessage(policy=SMTP)
    for name, value in said.items():
        if value:
            email[name] = value
    email.set_content(text)
    if html is not None:
        email.add_alternative(html, subtype="html")
    return email.as_bytes()


def notification(
    address: str, *, key: str = "emails/1", content: bytes | None = None, **receipt: Any
) -> str:
    """What SES publishes about an email to an address: put into S3 under a key, or with its
    content.
    """
    action: dict[str, Any] = {"type": "S3", "bucketName": INBOUND_BUCKET, "objectKey": key}
    if content is not None:
        action = {"type": "SNS", "encoding": "BASE64"}
    passed = {"status": "PASS"}
    said: dict[str, Any] = {
        "notificationType": "Received",
        "mail": {
            "timestamp": "2026-11-22T10:00:00.000Z",
            "source": "ann@acme.example",
            "messageId": f"ses-{key}",
            "destination": [address],
            "commonHeaders": {"returnPath": "ann@acme.example"},
        },
        "receipt": {
            "recipients": [address],
            "spamVerdict": passed,
            "virusVerdict": passed,
            "spfVerdict": passed,
            "dkimVerdict": passed,
            "dmarcVerdict": passed,
            "action": {**action, "topicArn": "arn:aws:sns:eu-central-1:123456789012:inbound"},
            **receipt,
        },
    }
    if content is not None:
        said["content"] = b64encode(content).decode()
    return json.dumps(said)
